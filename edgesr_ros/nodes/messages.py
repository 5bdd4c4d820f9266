"""Small conversions between ROS messages and Python values."""

from array import array

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from sensor_msgs.msg import Image
from std_msgs.msg import Header

NO_PICTURE = "no_picture"  # frame_id of what stands in image_sr where there is no picture yet


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


def with_pairs(header: Header, name: str, pairs: dict[str, str]) -> DiagnosticArray:
    """A stamped message of keys and values: standard, and readable in PlotJuggler without our package."""
    values = [KeyValue(key=key, value=value) for key, value in pairs.items()]
    status = DiagnosticStatus(level=DiagnosticStatus.OK, name=name, values=values)
    return DiagnosticArray(header=header, status=[status])


def pairs_of(message: DiagnosticArray) -> dict[str, str]:
    """All keys and values of a message."""
    return {pair.key: pair.value for status in message.status for pair in status.values}


def is_picture(message: Image) -> bool:
    """Whether a message of image_sr shows what a camera saw, and not why there is nothing to show."""
    return message.header.frame_id != NO_PICTURE
