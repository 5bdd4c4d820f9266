"""What SVT-AV1's rate control is told, and which quality its quantizer stands for."""

from edgesr_ros.codecs.svt_av1 import COARSEST, NOMINAL_HZ, RATE_CONTROLLED

_QUALITY_PER_STEP = 1.55  # of the quantizer
# The library's bucket, in ms of its rate, and how much of it is filled at the beginning, which gives the
# first frame its size. The optimal filling is upside down: 95 % of it means an almost empty one. At half,
# frames starve for a second after the rate has fallen.
_STEERED_BUCKET = {"buf-sz": 300, "buf-optimal-sz": 285, "buf-initial-sz": 100, "max-inter-bitrate-pct": 150}
_BUCKET = {"buf-sz": 200, "buf-optimal-sz": 100, "buf-initial-sz": 100}  # of 4.1
_FIRST = 0.7  # of the rate, with which the key frame is encoded: it takes up to 2.5 times its share
_TREMBLING = 0.04  # of the rate: sizes become uneven where it changes with every frame
_LEAST_RATE = 1000  # bit/s; 4 bytes a frame
# SVT-AV1 4.1 begins its rate control anew at each change, and sends much too little meanwhile.
_FRAMES_A_RATE = 15
_AT_ONCE = 0.6  # times the rate in use: a fall that cannot wait so long


def quantizer_of(quality: int) -> int:
    """AV1's quantizer index as SVT-AV1 counts it, 0 (best) to 63, for a quality of 1..100."""
    return min(round((100 - quality) / _QUALITY_PER_STEP), COARSEST)


def quality_of(quantizer: int) -> int:
    """The quality, 1..100, that a quantizer stands for."""
    return min(max(round(100 - _QUALITY_PER_STEP * quantizer), 1), 100)


class RateFollower:
    """Follows the mean size of packets, as far as the library's version can.

    Args:
        frame_bytes: to begin with.
        steered: whether the rate may change with each frame.
    """

    def __init__(self, frame_bytes: int, steered: bool) -> None:
        self._steered = steered
        self.want(frame_bytes)
        self._used = self._wanted

    def want(self, frame_bytes: int) -> None:
        """Another mean size."""
        self._wanted = max(8 * frame_bytes * NOMINAL_HZ, _LEAST_RATE)

    def begin(self) -> dict[str, int]:
        """Settings of a new encoder, so that its first packet is no larger than twice the mean or so."""
        share = _FIRST if self._steered else 1.0
        self._used = max(round(share * self._wanted), _LEAST_RATE)
        bucket = _STEERED_BUCKET if self._steered else _BUCKET
        return {"rc": RATE_CONTROLLED, "tbr": self._used // 1000, **bucket}

    def change(self, frames: int) -> int | None:
        """The rate from this frame on, bit/s, when so many were encoded; None: as before."""
        if frames == 0 or abs(self._wanted - self._used) <= _TREMBLING * self._used:
            return None
        due = frames % _FRAMES_A_RATE == 0 or self._wanted < _AT_ONCE * self._used
        if not self._steered and not due:
            return None
        self._used = self._wanted
        return self._used
