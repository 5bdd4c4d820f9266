"""What the sender decides, and why."""

from typing import Literal, NamedTuple

State = Literal["startup", "steady", "overuse", "lost", "unreported"]


class Decision(NamedTuple):
    """What to send, and the estimates behind it.

    Attributes:
        rate_bytes_per_s: to be sent on average.
        frame_bytes: size of the next frame.
        frame_interval: s from frame to frame.
        state: startup: the link is not known yet; overuse: frames wait for others, the rate is lower until
            they do not; lost: reports are overdue, small frames ask for a sign of life; unreported: the
            receiver does not report, a fixed rate is kept.
        capacity_bytes_per_s: estimate of what the link carries.
        wait: s that the last frame waited behind others.
        loss: share of frames lost of late.
        round_trip: s from a frame to its report; None before the first.
        age: s, expected of the picture on the screen beside the camera's newest, in the mean.
        lpips: expected of the screen against what the camera sees, in the mean.
    """

    rate_bytes_per_s: float
    frame_bytes: int
    frame_interval: float
    state: State
    capacity_bytes_per_s: float
    wait: float
    loss: float
    round_trip: float | None
    age: float
    lpips: float
