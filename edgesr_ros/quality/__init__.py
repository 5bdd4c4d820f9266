"""Quality: metrics, recording and the report; knows neither rclpy nor torch."""
