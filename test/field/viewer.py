"""What RViz and web_video_server do by default: subscribes image_sr reliably; prints a line a picture."""

import sys

import rclpy
from sensor_msgs.msg import Image

rclpy.init()
node = rclpy.create_node(sys.argv[1])
node.create_subscription(
    Image, "image_sr", lambda message: print(message.header.stamp.nanosec, flush=True), 5
)
rclpy.spin(node)
