"""How much trouble SVT-AV1 takes: as much as leaves a slow machine its frame rate."""

from math import prod
from statistics import median

from edgesr_ros.codecs.machine import Machine

SLOWEST, FASTEST = 7, 13  # 6 makes the same packets as 7, in the same time
_USUAL, _USUAL_PIXELS = 9, 640 * 480

# Time of a preset in times that of the next faster one, at 640x480; of 7 and 8 at half the sides, where they
# are used.
_STEP = {7: 1.4, 8: 1.7, 9: 1.2, 10: 1.3, 11: 1.15, 12: 1.1}
_LONGEST = 0.010  # s a frame, in the median; each ms is as much age of the picture …
_UP_TO = 1280 * 720  # … of so many pixels, and in proportion of more; but at most …
_SHARE = 0.45  # … of the time from frame to frame …
_TOGETHER = 0.7  # … and of all cameras' frames, of which one thread encodes each in turn
_SHORTEST = 0.6  # of that; a slower preset must be expected to stay below: so it does not swing
_FRAMES = 15  # that are timed before a change, and the first of which do not count
_SKIPPED = 3  # a new preset's first frames, whose memory is new


def usual_preset(pixels: int) -> int:
    """The slowest one that is to take no longer for so many pixels than 9 does for 640x480; of more, 9.

    For half the sides of 640x480 that is 7: LPIPS is 8 to 12 % less than by 9, over three recordings at 240
    and 480 bytes a frame. At 240 its p95 is 6.6 to 6.9 ms (bikes, road, euroc), where that of 9 is 2.2 to
    3.0, and 3.7 to 7.2 at the full size.
    """
    slower = (preset for preset in range(SLOWEST, _USUAL) if pixels * _times(preset, _USUAL) <= _USUAL_PIXELS)
    return next(slower, _USUAL)


def _times(preset: int, faster: int) -> float:
    """How many times as long as by a faster preset it takes by this one."""
    return prod(_STEP[step] for step in range(preset, faster))


class PresetChoice:
    """Takes the time of each frame; says which preset is to be used.

    Args:
        pixels: of a frame, as it is coded.
        machine: whose period and turn are kept to.

    Attributes:
        preset: of the next frame, 7 (slowest, best) to 13. From 9 to 12 LPIPS rises by up to 80 %,
            from 12 to 13 by 4 to 20 %.
    """

    def __init__(self, pixels: int, machine: Machine) -> None:
        self._machine = machine
        self._faster = 0  # presets by which the one in use is beyond the usual one
        self._pixels = 0
        self._times: list[float] = []
        self.resize(pixels)

    def resize(self, pixels: int) -> None:
        """The next frame is coded with so many pixels."""
        if pixels == self._pixels:
            return
        self._pixels, self._usual = pixels, usual_preset(pixels)
        self._faster = min(self._faster, FASTEST - self._usual)
        self._most = _LONGEST * max(pixels / _UP_TO, 1.0)
        self._times.clear()

    @property
    def preset(self) -> int:
        return self._usual + self._faster

    @property
    def saving(self) -> float:
        """Times that the fastest preset is faster than the one in use."""
        return _times(self.preset, FASTEST)

    def spent(self, seconds: float) -> None:
        """A frame took so long to encode."""
        self._times.append(seconds)
        if len(self._times) < _FRAMES:
            return
        # Not the mean: long ones tell of something else that the processor had to do.
        usual, longest = median(self._times[_SKIPPED:]), self._longest()
        self._times.clear()
        if usual > longest and self.preset < FASTEST:
            self._faster += 1
        elif self._faster and usual * _STEP[self.preset - 1] < _SHORTEST * longest:
            self._faster -= 1

    def _longest(self) -> float:
        """Seconds that a frame may take, in the median."""
        return min(self._most, _SHARE * self._machine.period(), _TOGETHER * self._machine.turn())
