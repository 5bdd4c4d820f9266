"""The link: a model of it, the sender that paces itself by it, the receiver's reports.

Knows neither rclpy nor torch. Time is an argument (`now`, seconds), so that minutes on a link are a test
of milliseconds.
"""
