"""Small conversions between ROS messages and Python values."""

from array import array
from collections.abc import Mapping, Sequence

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from edgesr_ros.errors import InputError

_LONGEST_WAIT = 10_000_000_000  # ns for a callback: what seems longer is a clock that was set
NO_PICTURE = "no_picture"  # frame_id of what stands in image_sr where there is no picture yet


def nanoseconds(stamp: Time) -> int:
    """A stamp as nanoseconds since its epoch."""
    return stamp.sec * 1_000_000_000 + stamp.nanosec


def to_time(nanoseconds: int) -> Time:
    """Nanoseconds since the epoch as a stamp."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return Time(sec=seconds, nanosec=rest)


def arrival_ns(info: Mapping[str, int], now_ns: int, system_ns: int) -> int:
    """When the middleware had a message, on the monotonic clock.

    Its callback may come much later: they are called one after the other, and each wants a processor. To who
    estimates the link by arrivals, that would seem to be the link.

    Args:
        info: what rclpy tells a callback beside the message.
        now_ns: on the monotonic clock.
        system_ns: now, on the system's clock, which Fast DDS reads.

    Returns:
        ns; `now_ns` where the middleware does not tell.
    """
    told = info.get("received_timestamp", 0)
    waited = system_ns - told
    return now_ns - waited if told and 0 <= waited < _LONGEST_WAIT else now_ns


def as_array(data: bytes) -> array:
    """Bytes as the one type that rclpy's setter takes without looking at each byte."""
    return array("B", data)


def with_pairs(header: Header, name: str, pairs: Mapping[str, str]) -> DiagnosticArray:
    """A stamped message of keys and values: standard, and readable in PlotJuggler without our package."""
    return with_statuses(header, {name: pairs})


def with_statuses(header: Header, statuses: Mapping[str, Mapping[str, str]]) -> DiagnosticArray:
    """A stamped message of keys and values by the name of their status."""
    found = []
    for name, pairs in statuses.items():
        values = [KeyValue(key=key, value=value) for key, value in pairs.items()]
        found.append(DiagnosticStatus(level=DiagnosticStatus.OK, name=name, values=values))
    return DiagnosticArray(header=header, status=found)


def pairs_of(message: DiagnosticArray) -> dict[str, str]:
    """All keys and values of a message."""
    return {pair.key: pair.value for status in message.status for pair in status.values}


def pairs_by_camera(message: DiagnosticArray, names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Keys and values by the camera that they are about, as its status is called.

    Raises:
        InputError: of none of the cameras.
    """
    if list(names) == [""]:
        return {"": pairs_of(message)}
    found = {
        status.name: {pair.key: pair.value for pair in status.values}
        for status in message.status
        if status.name in names
    }
    if not found:
        told = ", ".join(status.name for status in message.status) or "nothing"
        raise InputError(f"expected of {', '.join(names)}, got of {told}: set `cameras` alike at both ends")
    return found


def is_picture(message: Image) -> bool:
    """Whether a message of image_sr shows what a camera saw, and not why there is nothing to show."""
    return message.header.frame_id != NO_PICTURE
