"""Losses: how long silence is normal, and how large a frame may be and still arrive."""

import math

from edgesr_ros.control.policy import MIN_FRAME_BYTES
from edgesr_ros.link.packets import PACKET_PAYLOAD

_GAIN = 1 / 20  # weight of a frame
_CERTAIN = 0.003  # probability below which silence is no chance
_MOST = 0.9  # frame loss that is reckoned with
_REGROWTH = 1.02  # of the ceiling, per frame


class LossEstimator:
    """Random loss, told from the link's being gone or too small for a frame.

    Attributes:
        loss: share of frames lost of late.
    """

    def __init__(self) -> None:
        self.loss = 0.0
        self._silence = 0.0  # share of frames that no report of their own followed
        self._packets = 1.0  # mean per frame
        self._ceiling = math.inf  # bytes
        self._vanished = math.inf  # bytes of what was lost by itself, and since then nothing as large arrived

    @property
    def tolerated(self) -> int:
        """Frames in a row whose silence means something: before, chance explains it."""
        if self._silence <= _CERTAIN:
            return 1
        return math.ceil(math.log(_CERTAIN) / math.log(min(self._silence, _MOST)))

    @property
    def packets_lost(self) -> float:
        """Share of packets, where each is lost by itself: a frame of n arrives with (1 - p)^n."""
        return 1 - (1 - min(self.loss, _MOST)) ** (1 / self._packets)

    @property
    def largest(self) -> float:
        """Bytes of a frame beyond which none arrives, as far as is known."""
        return self._ceiling

    def sent(self, size: int) -> None:
        """A frame of `size` bytes went out."""
        self._packets += _GAIN * (math.ceil(size / PACKET_PAYLOAD) - self._packets)

    def reported(self, sent: int, lost: int, told: int = 1) -> None:
        """Of `sent` frames up to the one now reported, `lost` did not arrive, and `told` were named."""
        for i in range(sent):
            self.loss += _GAIN * ((i < lost) - self.loss)
            self._silence += _GAIN * ((i < sent - told) - self._silence)
        self._ceiling *= _REGROWTH**sent

    def arrived(self, size: int) -> None:
        """A frame of `size` bytes arrived."""
        if size >= self._vanished:
            self._vanished = math.inf

    def vanished(self, size: int) -> None:
        """Frames of `size` bytes were lost where small ones sent after them arrived.

        Once that is chance. Twice, and nothing as large in between, it is the size.
        """
        if self._vanished < math.inf:
            self._ceiling = max(MIN_FRAME_BYTES, min(self._ceiling, size) / 2)
        self._vanished = min(self._vanished, size)
