"""Frames as arrays: Image message ↔ array, colour, reduction, CameraInfo; knows neither rclpy nor torch."""
