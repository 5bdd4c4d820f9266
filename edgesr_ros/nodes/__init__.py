"""The ROS skin: one file a node; the work is done in ends and the rooms below."""
