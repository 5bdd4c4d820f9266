"""From the capacity and the waiting of frames to a rate, and to how often reports are of use."""

# What is left free absorbs frames larger than decided, and lets a queue drain.
_SHARE = 0.95
_DRAIN = 0.85
_OVERUSE = 0.75  # frame intervals of waiting that tell overuse …
_OVERUSE_SECONDS = 0.05  # … unless they are shorter than this, which is jitter …
_RECOVERED = 0.25  # … and those that end it

# Reports are a share of the traffic, as of RTCP (RFC 3550, section 6.2): the way back may carry no more than
# the way there.
_REPORTS = 0.08  # of the capacity
_MESSAGE, _REPORT = 198, 132  # bytes on the wire, and of them those of each camera
_SOONEST, _LATEST = 0.06, 0.5  # s from report to report


class RateController:
    """The share of the capacity to use, less while frames have to wait for others.

    Attributes:
        overuse: frames wait. Between the two thresholds it stays as it is.
    """

    def __init__(self) -> None:
        self.overuse = False

    def update(self, wait: float, interval: float) -> None:
        """A frame waited `wait` seconds behind others; they are sent `interval` seconds apart."""
        threshold = _RECOVERED * interval if self.overuse else max(_OVERUSE * interval, _OVERUSE_SECONDS)
        self.overuse = wait > threshold

    def rate(self, capacity: float) -> float:
        """Bytes per second to send."""
        return capacity * (_DRAIN if self.overuse else _SHARE)


def report_interval(capacity: float, cameras: int = 1) -> float:
    """Seconds from message to message of reports of so many cameras, over a link of `capacity` bytes/s."""
    return min(max((_MESSAGE + cameras * _REPORT) / (_REPORTS * capacity), _SOONEST), _LATEST)
