"""The ROS skin: one file a node; the work is done in frames, link, upscaling and quality."""
