"""Small conversions between ROS messages and Python values."""

from array import array

from builtin_interfaces.msg import Time


def nanoseconds(stamp: Time) -> int:
    """A stamp as nanoseconds since its epoch."""
    return stamp.sec * 1_000_000_000 + stamp.nanosec


def to_time(nanoseconds: int) -> Time:
    """Nanoseconds since the epoch as a stamp."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return Time(sec=seconds, nanosec=rest)


def as_array(data: bytes) -> array:
    """Bytes as the one type that rclpy's setter takes without looking at each byte."""
    return array("B", data)
