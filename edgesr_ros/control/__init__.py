"""When to send what: the sender that paces itself by reports, its estimates of the link, and the clocks.

Knows neither rclpy nor torch. Time is an argument (`now`, seconds), as in the room of the link.
"""
