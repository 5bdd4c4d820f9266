"""How much trouble SVT-AV1 takes: as much as leaves a slow machine its frame rate."""

from statistics import median

USUAL = 9
SLOWEST, FASTEST = 9, 12  # SVT-AV1 4.2 refuses a change to 8 while it runs

# Time of a preset in times that of the next faster one, at 640x480.
_STEP = {9: 1.2, 10: 1.3, 11: 1.15}
_LONGEST = 0.010  # s a frame, in the median; each ms is as much age of the picture
_SHORTEST = 0.006  # a slower preset must be expected to stay below: so it does not swing
_FRAMES = 15  # that are timed before a change, and the first of which do not count
_SKIPPED = 3  # a new preset's first frames, whose memory is new


class PresetChoice:
    """Takes the time of each frame; says which preset is to be used.

    Attributes:
        preset: of the next frame, 9 (slowest, best) to 12. From 9 to 12 LPIPS rises by 80 %.
    """

    def __init__(self) -> None:
        self.preset = USUAL
        self._times: list[float] = []

    def spent(self, seconds: float) -> None:
        """A frame took so long to encode."""
        self._times.append(seconds)
        if len(self._times) < _FRAMES:
            return
        # Not the mean: long ones tell of something else that the processor had to do.
        usual = median(self._times[_SKIPPED:])
        self._times.clear()
        if usual > _LONGEST and self.preset < FASTEST:
            self.preset += 1
        elif self.preset > SLOWEST and usual * _STEP[self.preset - 1] < _SHORTEST:
            self.preset -= 1
