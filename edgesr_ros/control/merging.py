"""Reports of several streams of frames as one of the link that carries them all."""

from collections import OrderedDict
from collections.abc import Iterable

from edgesr_ros.control.report import Arrival, ArrivalReport

_REMEMBERED = 128  # frames of a stream


class Numbers:
    """Of a stream's frames: their numbers among all that went over the link.

    Attributes:
        frames: of the stream that have arrived, by its newest report.
    """

    def __init__(self) -> None:
        self.frames = 0
        self._known: OrderedDict[int, int] = OrderedDict()
        self._newest = -1  # of the link, that was reported

    def add(self, number: int, on_link: int) -> None:
        """A frame went out."""
        self._known[number] = on_link
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    def on_link(self, number: int | None) -> int | None:
        """The link's number of a frame; None: it was not sent, or long ago."""
        return None if number is None else self._known.get(number)

    def arrivals(self, report: ArrivalReport) -> list[Arrival]:
        """What a report tells of the stream, by the link's numbers, oldest first."""
        newest = self.on_link(report.number)
        if newest is None:
            return []
        if newest >= self._newest:  # reports may overtake each other
            self._newest, self.frames = newest, report.frames
        numbered = (told._replace(number=self.on_link(told.number)) for told in report.arrivals)
        return [told for told in numbered if told.number is not None]


def merge(
    reports: Iterable[tuple[Numbers, ArrivalReport]], streams: Iterable[Numbers]
) -> ArrivalReport | None:
    """What a receiver says of some of the `streams` as one report; None: nothing of frames that are known.

    It has what concerns the link: arrivals in their order, the number of frames so far, and the hold.
    """
    told: list[Arrival] = []
    hold = 0.0
    for numbers, report in reports:
        told += numbers.arrivals(report)
        hold = max(hold, report.hold_s or 0.0)
    if not told:
        return None
    *recent, newest = sorted(told, key=lambda arrival: arrival.arrival_ns)
    return ArrivalReport(
        stamp_ns=newest.stamp_ns,
        frames=sum(numbers.frames for numbers in streams),
        bytes=0,
        arrival_ns=newest.arrival_ns,
        recent=tuple(reversed(recent)),
        number=newest.number,
        hold_s=hold or None,
    )
