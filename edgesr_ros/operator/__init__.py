"""The operator's page without ROS: what it shows, who may have it, and the server that hands it out."""
