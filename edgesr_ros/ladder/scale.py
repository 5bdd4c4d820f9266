"""At which size a stream is sent: by how coarsely the encoder has to quantize, and by the bytes there are."""

from collections.abc import Collection

from edgesr_ros.control.delay import RunningMean
from edgesr_ros.ladder.points import REFERENCE_PIXELS

# At quality 27 (AV1's quantizer 47) half the size, enlarged by a network, looks like the full one; for each
# step below it is better by so much. At half size the quality is higher by so many steps.
_EQUAL, _GAINED, _STEPS = 27.0, 0.003, 16.0  # LPIPS
_NOTICED = 0.004  # LPIPS: what a change has to promise …
_LASTING = 45  # … from half to full for so many frames: each change is seen
_SETTLED = 20  # frames, from when on the quality tells about the content
_QUARTER = 135.0  # bytes of a 640x480 frame below which a quarter of the size is better …
_HALF = 190.0  # … and above which half is again


class ScaleChoice:
    """Chooses 1, 2 or 4 for a stream from its own past second.

    Over five recordings at 30 to 500 kbit/s, in windows of a second, a rule by quantizer and bytes is 2.0 %
    in LPIPS behind the best choice in hindsight, one by bytes alone 3.1 %, always the full size 7.7 %.

    Args:
        scales: that the ladder has; 1 is taken as one of them.

    Attributes:
        scale: in use.
    """

    def __init__(self, scales: Collection[int]) -> None:
        self._scales = scales
        self.scale = 1
        self._quality = RunningMean()  # at this scale
        self._bytes = RunningMean()  # target of a 640x480 frame
        self._frames = 0  # at this scale
        self._fine = 0  # frames in a row for which the full size looks better
        self._price = 0.0

    def choose(self, target: int, pixels: int, price: float) -> int:
        """The scale for a frame of `pixels` at full size that is to take `target` bytes.

        `price` is what the time costs that a reduced frame takes longer, LPIPS.
        """
        self._price = price
        self._bytes.add(target * REFERENCE_PIXELS / pixels)
        scale = self._wanted(self._bytes.mean or 0.0)
        if scale != self.scale and (scale in self._scales or scale == 1):
            self.scale, self._quality, self._frames, self._fine = scale, RunningMean(), 0, 0
        return self.scale

    def _wanted(self, reference: float) -> int:
        if self.scale < 4 and reference < _QUARTER:
            return 4
        if self.scale == 4 and reference > _HALF:
            return 2
        if self._quality.mean is not None and self._frames >= _SETTLED:
            if self.scale == 1 and self._gain(self._quality.mean) > _NOTICED:
                return 2
            if self.scale == 2 and self._fine >= _LASTING:
                return 1
        return self.scale

    def coded(self, quality: int) -> None:
        """The frame came out at this quality, 1..100."""
        self._frames += 1
        if self._frames <= _SETTLED // 2:  # a stream begins coarse
            return
        self._quality.add(quality)
        full = (self._quality.mean or 0.0) - _STEPS
        self._fine = self._fine + 1 if self._gain(full) < -_NOTICED else 0

    def _gain(self, full: float) -> float:
        """LPIPS that half the size is better by, where at full size the quality is this."""
        return (_EQUAL - full) * _GAINED - self._price
