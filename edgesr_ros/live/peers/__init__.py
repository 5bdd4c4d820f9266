"""What others bring a camera's picture over a link with, run beside ours: WebRTC between browsers, and SRT.

Each is two processes, one at each end of a kernel link, with nothing of ROS. Nothing here is part of a robot
or of a ground station, and nothing imports it but the experiment in real time.
"""
