"""Upscaling: array → larger array, by bicubic or by a network; knows neither rclpy nor torch."""
