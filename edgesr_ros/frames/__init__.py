"""Frames: Image message ↔ array ↔ bytes; knows neither rclpy nor torch."""
