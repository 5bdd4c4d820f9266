"""How a link is spent: on fresh pictures or on good ones, by what either does for this content."""

from functools import cache
from typing import Literal, NamedTuple

import numpy as np

from edgesr_ros.link.packets import PACKET_PAYLOAD

PolicyName = Literal["smooth", "balanced", "sharp"]

# A still frame of less is hardly a picture, and costs as much again in headers and in its report.
MIN_FRAME_BYTES = 1000

_SLOWEST_HZ = 1.0
_SIZES = 24  # that are weighed against each other
# Of the sum of coding and age. AV1 at 480 to 7,680 bytes, shown 1 to 3 frames late, differs from the camera
# by this sum to .004, .003 and .001 LPIPS (rms; bikes, road, euroc); best alone are 1.5, 1.4 and 1.8.
_POWER = 1.5
_UNEVEN_STREAM, _UNEVEN_STILLS = 0.16, 0.03  # squared coefficient of variation of the sizes
_FULL = 0.98  # of the time: more cannot be reckoned with
# Another interval has to promise so much less, and of several as good ones the shortest is taken: a trembling
# rate must not make the frame rate tremble, and a scene that stands still may move at any moment.
_HYSTERESIS = 0.03
_NOTICED = 0.004  # LPIPS
# Of a stream's frame, bytes grow with the time since the one before to the power of this: of a road at
# 100 kbit/s and 30, 15 and 10 Hz they have LPIPS .120, .105, .090, and three times the bytes at 30 Hz .05.
_STREAM_GROWTH = 0.7


class _Weights(NamedTuple):
    """What a policy makes of what the scene moves until a picture is seen, and s between frames at most.

    More than that only where the link does not carry the least frames as often.
    """

    freshness: float
    longest: float


_POLICIES: dict[PolicyName, _Weights] = {
    "smooth": _Weights(2.5, 1 / 20),
    "balanced": _Weights(1.0, 1 / 10),
    "sharp": _Weights(0.35, 1 / 3),
}


class Scene(NamedTuple):
    """What the robot expects of its pictures, as LPIPS against what the camera sees.

    Attributes:
        sizes: (n,) bytes of a frame, rising.
        coding: (n,) of a decoded and enlarged frame of so many bytes, falling; between them straight lines
            over the logarithm of the bytes.
        moved: between the scene and itself 1/30 s later.
        growth: exponent by which that grows with the time between.
        stream: frames build on each other, so that bytes buy the less the longer ago the last one was.
        least: bytes of a frame that shows anything.
        showing: s from a frame's arrival to its picture on the screen.
        encoding: s from the camera to the link.
    """

    sizes: np.ndarray
    coding: np.ndarray
    moved: float
    growth: float
    stream: bool
    least: int = MIN_FRAME_BYTES
    showing: float = 0.005
    encoding: float = 0.006

    def coded(self, sizes: np.ndarray) -> np.ndarray:
        """LPIPS of frames of these sizes, bytes."""
        return np.interp(np.log(sizes), np.log(self.sizes), self.coding)

    def aged(self, seconds: np.ndarray, period: float) -> np.ndarray:
        """LPIPS between a picture and the camera's newest, so long after it was taken, in the mean.

        Within the first period of the camera there is no newer one for part of the time.
        """
        moved = self.moved * (30 * np.maximum(seconds, period)) ** self.growth
        return moved * np.minimum(seconds / period, 1.0)

    def seen(self, sizes: np.ndarray, lag: np.ndarray, period: float, weight: float = 1.0) -> np.ndarray:
        """LPIPS of the screen: frames of these sizes, so long after they were taken; motion has a weight."""
        moved = weight * self.aged(lag, period)
        return (self.coded(sizes) ** _POWER + moved**_POWER) ** (1 / _POWER)


# As of WebP, and of a drive: before anything is known.
USUAL = Scene(
    np.array([1000.0, 2000.0, 4000.0, 8000.0, 16_000.0, 32_000.0]),
    np.array([0.30, 0.19, 0.12, 0.08, 0.04, 0.02]),
    moved=0.05,
    growth=0.6,
    stream=False,
)


class Plan(NamedTuple):
    """What is to be sent.

    Attributes:
        periods: of the camera, from frame to frame.
        size: bytes of a frame.
        age: s, expected of a picture when the next one comes or the camera has a newer one, in the mean.
        lpips: expected of the screen against what the camera sees, in the mean.
    """

    periods: int
    size: float
    age: float
    lpips: float


class Terms(NamedTuple):
    """What a plan has to reckon with, but for the rate.

    Attributes:
        capacity: bytes per second that the link carries.
        fixed: s from the robot to the receiver beside the transmission.
        arrive: share of packets that arrive.
        largest: bytes of a frame; the least are the scene's, also where they exceed the rate: then at the
            longest interval.
    """

    capacity: float
    fixed: float
    arrive: float
    largest: float


class _Weighed(NamedTuple):
    """Intervals by sizes, (n, m) each: expected LPIPS, bytes, bytes that count for coding, age in s."""

    found: np.ndarray
    sizes: np.ndarray
    used: np.ndarray
    lag: np.ndarray


class FramePolicy:
    """Chooses frame interval and size: those of which the screen is expected to be nearest to the scene.

    A frame of more bytes is better, and older when it is there; frames at longer intervals may be larger, and
    are older until the next one comes. The interval is a whole number of source periods, to keep motion even.

    Args:
        name: smooth counts what moves more, sharp less.
        source_rate_hz: of the camera.
    """

    def __init__(self, name: PolicyName, source_rate_hz: float) -> None:
        self._weights = _POLICIES[name]
        self._period = 1 / source_rate_hz
        self._most = max(1, int(source_rate_hz / _SLOWEST_HZ))
        self._periods = 1

    def plan(self, scene: Scene, rate: float, terms: Terms) -> Plan:
        """The best interval and size.

        Args:
            scene: what is expected of pictures.
            rate: bytes per second that may be sent.
            terms: of the link.
        """
        found, sizes, used, lag = self._weigh(scene, rate, terms)
        periods = _intervals(self._most)[:, None]
        best = found.min(axis=1)
        worse = best.min() * _HYSTERESIS + _NOTICED
        good, surely = best <= best.min() + worse, best <= best.min() + worse / 2
        row = int(surely.argmax())  # the shortest
        if self._periods < periods[row, 0]:
            row = int((good & (periods[:, 0] >= self._periods)).argmax())
        column = int(found[row].argmin())
        self._periods = int(periods[row, 0])
        seen = scene.seen(used[row, column], lag[row, column], self._period)
        return Plan(self._periods, float(sizes[row, column]), float(lag[row, column]), float(seen))

    def outlook(self, scene: Scene, rate: float, terms: Terms) -> tuple[float, float]:
        """What could be had at a rate: LPIPS, motion weighted by the policy, and bytes per second for it.

        Arguments as of `plan`, which this does not influence.
        """
        weighed = self._weigh(scene, rate, terms)
        row, column = np.unravel_index(int(weighed.found.argmin()), weighed.found.shape)
        interval = float(_intervals(self._most)[row]) * self._period
        return float(weighed.found[row, column]), float(weighed.sizes[row, column]) / interval

    def _weigh(self, scene: Scene, rate: float, terms: Terms) -> _Weighed:
        """All intervals and sizes; arguments as of `plan`."""
        least = scene.least
        periods = _intervals(self._most)[:, None]
        interval = periods * self._period
        room = np.minimum(rate * interval, terms.largest)
        sizes = np.exp(np.log(least) + np.linspace(0, 1, _SIZES) * np.log(np.maximum(room / least, 1.0)))
        used = sizes
        if scene.stream:
            used = sizes * (self._periods / periods) ** _STREAM_GROWTH
        arrives = terms.arrive ** np.ceil(sizes / PACKET_PAYLOAD)
        # A frame that is lost leaves the one before on the screen for another interval.
        takes = sizes / terms.capacity
        # Frames of uneven size wait for each other the more, the less of the time is left (Kingman).
        load = np.minimum(takes / interval, _FULL)
        uneven = _UNEVEN_STREAM if scene.stream else _UNEVEN_STILLS
        takes = takes * (1 + load / (1 - load) * uneven / 2)
        beside = scene.encoding + terms.fixed + scene.showing
        lag = beside + takes + (interval - self._period) / 2 + interval * (1 / arrives - 1)
        found = scene.seen(used, lag, self._period, self._weights.freshness)
        few = (room < least)[:, 0] & (periods[:, 0] < self._most)
        found[few] = np.inf
        slow = interval[:, 0] > self._weights.longest + self._period / 2
        found[slow & (few.sum() < np.arange(len(few)))] = np.inf
        return _Weighed(found, sizes, used, lag)


@cache
def _intervals(most: int) -> np.ndarray:
    """Numbers of periods that are weighed: all few ones, and of many those about a tenth apart."""
    return np.unique(np.geomspace(1, most, 24).round().astype(int))
