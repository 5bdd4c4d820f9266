"""How long after one frame of a recording the next is due."""

from edgesr_ros.sources.frame_source import SourceFrame

_TRUSTED = 1.0  # seconds by which a stamp may be further from the last one than the time of recording is
_LONGEST = 3600.0  # seconds: no camera pauses so long while it is recorded; its clock was set


class Pacing:
    """Follows the header stamps until they stand still or jump, and from there on the times of recording.

    Attributes:
        note: where that was, in a line; None while stamps are followed.
    """

    def __init__(self) -> None:
        self.note: str | None = None

    def gap_s(self, previous: SourceFrame, frame: SourceFrame, period_s: float) -> float:
        """Seconds from `previous` to `frame`, above 0; `period_s` where no clock of the two can tell.

        At most `_TRUSTED` longer than between the times of recording, where those are known.
        """
        stamps = (frame.stamp_ns - previous.stamp_ns) * 1e-9
        if frame.received_ns is None or previous.received_ns is None:
            return stamps if stamps > 0 else period_s
        received = (frame.received_ns - previous.received_ns) * 1e-9
        if self.note is None and 0 < stamps <= min(max(received, 0.0) + _TRUSTED, _LONGEST):
            return stamps
        self.note = self.note or (
            f"header stamps go from {previous.stamp_ns * 1e-9:.3f} s to {frame.stamp_ns * 1e-9:.3f} s in "
            f"{received:.3f} s of the recording: from there on the times of recording are followed"
        )
        return received if 0 < received <= _LONGEST else period_s
