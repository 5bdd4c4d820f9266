"""The link: a model of it, in time or in the kernel.

Knows neither rclpy nor torch. Time is an argument (`now`, seconds), so that minutes on a link are a test
of milliseconds.
"""
