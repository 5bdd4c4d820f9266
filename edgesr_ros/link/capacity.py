"""Capacity of a link over time, and when bytes sent through it come out."""

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Protocol

from msgspec import Meta

from edgesr_ros.link.curve import Curve
from edgesr_ros.schema import Struct

Kbps = Annotated[float, Meta(ge=0, le=1e9)]
Seconds = Annotated[float, Meta(gt=0, le=1e9)]

# Ramps and sines go in steps this long, each with its exact mean; shorter than a frame of a fast camera.
_FINE = 0.01  # s
_ROUNDING = 1e-9  # s: what just fits in before an outage must not wait for its end
_MOST_PIECES = 100_000  # of one ramp or sine: those of hours go in longer steps


class Capacity(Protocol):
    """What a link carries over time; all times are seconds since its start."""

    def kbps_at(self, t: float) -> float | None:
        """Capacity at `t`, 1000 bit per second; None where there is no limit."""

    def kbit(self, start: float, end: float) -> float:
        """The integral of the capacity from `start` to `end`; infinite where there is no limit."""

    def finish(self, start: float, size: float) -> float:
        """When the last of `size` bytes is through, of which the first begins at `start`; may be infinite."""

    def delay_at(self, t: float) -> float:
        """Propagation delay that comes with the capacity, s; a schedule has none."""


class Sine(Struct):
    """A swing around a step's capacity, upwards first.

    Attributes:
        amplitude_kbps: at most the step's capacity.
        period: s.
    """

    amplitude_kbps: Kbps
    period: Seconds


class Step(Struct):
    """A stretch of capacity: constant, a ramp, a sine, or a sine on a ramp.

    Attributes:
        kbps: 1000 bit per second (kB/s times 8); 0 is an outage, null is no limit.
        seconds: how long it lasts; the last step may leave it out.
        to_kbps: makes it a ramp, from `kbps` to this.
        sine: lets it swing.
    """

    kbps: Kbps | None
    seconds: Annotated[float, Meta(gt=0)] = math.inf
    to_kbps: Kbps | None = None
    sine: Sine | None = None

    def __post_init__(self) -> None:
        if self.to_kbps is None and self.sine is None:
            return
        if not math.isfinite(self.seconds):
            raise ValueError("seconds: expected a number with to_kbps or sine")
        if self.kbps is None:
            raise ValueError("kbps: expected a number with to_kbps or sine")
        if self.sine is not None and self.sine.amplitude_kbps > min(self.kbps, self._end):
            raise ValueError("sine.amplitude_kbps: expected no more than the step's kbps")

    @property
    def _end(self) -> float:
        """Capacity at the end, and after it when this is the last step; a sine's swing ends with the step."""
        kbps = self.kbps if self.to_kbps is None else self.to_kbps
        return math.inf if kbps is None else kbps

    def pieces(self) -> list[tuple[float, float]]:
        """(seconds, kbps) one after the other; no limit is infinite."""
        if self.kbps is None or (self.to_kbps is None and self.sine is None):
            return [(self.seconds, self._end)]
        count = min(math.ceil(self.seconds / _FINE), _MOST_PIECES)
        length = self.seconds / count
        slope = (self._end - self.kbps) / count
        means = [self.kbps + slope * (i + 0.5) for i in range(count)]
        if self.sine is not None:
            turn = 2 * math.pi * length / self.sine.period
            scale = self.sine.amplitude_kbps / turn
            swings = [scale * (math.cos(turn * i) - math.cos(turn * (i + 1))) for i in range(count)]
            means = [max(0.0, mean + swing) for mean, swing in zip(means, swings, strict=True)]
        return [(length, mean) for mean in means]

    def held(self) -> tuple[float, float]:
        """The piece that lasts for ever when nothing follows."""
        return math.inf, self._end


class Schedule(Struct, dict=True):
    """Steps of capacity from time 0 on. The last one's end holds for ever, or `repeat` begins them again."""

    steps: Annotated[tuple[Step, ...], Meta(min_length=1)]
    repeat: bool = False

    def __post_init__(self) -> None:
        lasting = self.steps if self.repeat else self.steps[:-1]
        for index, step in enumerate(lasting):
            if not math.isfinite(step.seconds):
                raise ValueError(f"steps[{index}].seconds: expected a number, as more follows this step")
        if self.repeat and all(kbps == 0 for step in self.steps for _, kbps in step.pieces()):
            raise ValueError("steps: expected one kbps that is not 0, as they repeat for ever")

    @cached_property
    def _curve(self) -> Curve:
        pieces = [piece for step in self.steps for piece in step.pieces()]
        if not self.repeat:
            pieces.append(self.steps[-1].held())
        seconds, kbps = zip(*pieces, strict=True)
        return Curve(seconds, kbps, self.repeat)

    def kbps_at(self, t: float) -> float | None:
        """As `Capacity`."""
        return self._curve.kbps_at(t)

    def kbit(self, start: float, end: float) -> float:
        """As `Capacity`."""
        return self._curve.kbit(start, end)

    def finish(self, start: float, size: float) -> float:
        """As `Capacity`; exact."""
        return self._curve.finish(start, size)

    def delay_at(self, t: float) -> float:  # noqa: ARG002 - a schedule says nothing about it
        """As `Capacity`."""
        return 0.0


class Outage(Struct):
    """The link carries nothing for `seconds` from `start` on, s."""

    start: Annotated[float, Meta(ge=0, le=1e9)]
    seconds: Seconds

    @property
    def end(self) -> float:
        """When it is over."""
        return self.start + self.seconds


class Interrupted:
    """A capacity with outages in it, which stop the time of nothing else: a trace goes on meanwhile.

    Raises:
        ValueError: an outage begins before the one listed ahead of it is over.
    """

    def __init__(self, capacity: Capacity, outages: Sequence[Outage]) -> None:
        for index in range(1, len(outages)):
            if outages[index].start < outages[index - 1].end:
                raise ValueError(f"outages[{index}].start: expected the end of the one before, or later")
        self._capacity, self._outages = capacity, tuple(outages)

    def kbps_at(self, t: float) -> float | None:
        """As `Capacity`."""
        if any(outage.start <= t < outage.end for outage in self._outages):
            return 0.0
        return self._capacity.kbps_at(t)

    def kbit(self, start: float, end: float) -> float:
        """As `Capacity`."""
        kbit = 0.0
        for outage in self._outages:
            kbit += self._capacity.kbit(start, min(outage.start, end))
            start = max(start, outage.end)
        return kbit + self._capacity.kbit(start, end)

    def finish(self, start: float, size: float) -> float:
        """As `Capacity`; exact."""
        for outage in self._outages:
            if start < outage.start:
                end = self._capacity.finish(start, size)
                if end <= outage.start + _ROUNDING:
                    return min(end, outage.start)
                size -= self._capacity.kbit(start, outage.start) * 1000 / 8
            start = max(start, outage.end)
        return self._capacity.finish(start, size)

    def delay_at(self, t: float) -> float:
        """As `Capacity`."""
        return self._capacity.delay_at(t)
