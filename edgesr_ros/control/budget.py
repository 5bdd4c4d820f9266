"""One link, one estimate of it, shared among the cameras of a robot."""

import math
from collections.abc import Mapping
from typing import Protocol

from edgesr_ros.control.controller import RateController, report_interval
from edgesr_ros.control.decision import State
from edgesr_ros.control.merging import Numbers, merge
from edgesr_ros.control.observer import LinkObserver
from edgesr_ros.control.probing import STALLED, probe_interval
from edgesr_ros.control.report import ArrivalReport
from edgesr_ros.control.sharing import split

_EVERY = 0.1  # s between allotments, at most; …
_CHANGED = 1.5  # … times that the rate may be another
_LEFT = 0.5  # s without a frame after which a camera takes no part, …
_LEFT_PERIODS = 3.0  # … or so many of its periods
_LESS = 4.0  # times: a camera needs what it would lose with so much less than an equal part
_LEAST = 0.03  # of the mean need that any has: a scene at rest may move at any moment
_NONE = 1e-4  # LPIPS: who needs no more needs nothing
_IDLE = 1e-3  # share of one that takes no part
_SMOOTHED = 1.0  # s over which needs are: contents tremble


class Member(Protocol):
    """A camera's sender.

    Attributes:
        period: s from frame to frame of the camera.
        spacing: s from frame to frame as it was planned last.
    """

    period: float
    spacing: float

    @property
    def most(self) -> float:
        """Bytes per second that it can use at most."""

    def interval(self, now: float) -> float:
        """Seconds from frame to frame as it is planned."""

    def rate(self, now: float) -> float:
        """Bytes per second that it is to send on average."""

    def outlook(self, now: float, rate: float) -> tuple[float, float]:
        """LPIPS that it could have at a rate, bytes per second, and what it would use of that."""


class _Account:
    """Of a camera."""

    def __init__(self) -> None:
        self.weight = 1.0
        self.share = _IDLE
        self.need: float | None = None  # None: it takes no part
        self.asked = -math.inf
        self.numbers = Numbers()


class Budget:
    """What a link carries, shared among cameras by their weights and by what each needs.

    Frames of all cameras go out one after the other, and are one sequence to the estimates. A camera that has
    none to send takes no part. The others get bytes in proportion to their weights and needs; what one has no
    use for goes to others, but to none of less weight. The need is what its pictures would lose, in LPIPS,
    with a quarter of an equal part: alike for cameras that see alike things, and next to nothing for one that
    stands still.

    Times are seconds on one clock that does not go backwards.

    Args:
        report_timeout: s from the first frame to a receiver until, without any report, it does not report.

    Attributes:
        link: the estimates.
        controller: of the rate.
        last_sent: when the last frame of any camera went out.
    """

    def __init__(self, report_timeout: float = 2.0) -> None:
        self.link = LinkObserver()
        self.controller = RateController()
        self.last_sent = -math.inf
        self._report_timeout = report_timeout
        self._reports_expected = False
        self._first_sent: float | None = None
        self._probes = 0  # since the last report
        self._accounts: dict[Member, _Account] = {}
        self._sent = 0  # frames
        self._taking: list[Member] = []  # part, when needs were asked last
        self._asked, self._allot_at = -math.inf, -math.inf
        self._allotted_rate = math.inf  # bytes per second

    @property
    def cameras(self) -> int:
        """Number that have had frames to send of late, at least 1."""
        return max(len(self._taking), 1)

    def join(self, member: Member) -> None:
        """One more camera; all before the first frame."""
        self._accounts[member] = _Account()

    def weigh(self, member: Member, weight: float) -> None:
        """Another weight, more than 0, in force at once."""
        if self._accounts[member].weight != weight:
            self._accounts[member].weight = weight
            self._allot_at = -math.inf

    def expect_reports(self) -> None:
        """There is a receiver that reports: silence is loss, however long it lasts."""
        self._reports_expected = True

    def newcomer(self) -> None:
        """Somebody more takes the frames, and may report: as before the first one, unless somebody does."""
        if self.link.last_heard is None:
            self._first_sent = None
            self.link.forget_flight()

    def asks(self, member: Member, now: float) -> None:
        """The camera has a frame to be sent."""
        account = self._accounts[member]
        if not self._takes_part(member, now):
            self._allot_at = -math.inf
        account.asked = now

    def share(self, member: Member, now: float) -> float:
        """Of the rate, 0..1."""
        if len(self._accounts) == 1:
            return 1.0
        rate = self.controller.rate(self.link.capacity.rate)
        if now >= self._allot_at:
            self._ask_needs(now, rate)
            self._allot(now, rate)
        elif not 1 / _CHANGED <= rate / self._allotted_rate <= _CHANGED:
            self._allot(now, rate)
        return self._accounts[member].share

    def rate(self, now: float) -> float:
        """Bytes per second that all cameras together are to send on average."""
        return sum(member.rate(now) for member in self._accounts if self._takes_part(member, now))

    def waiting(self, member: Member) -> float:
        """Seconds that a frame waits in the mean while one of another camera is on its way."""
        others = (other for other in self._accounts if other is not member)
        return sum(self._accounts[other].share ** 2 * other.spacing / 2 for other in others)

    def sent(self, member: Member, now: float, stamp_ns: int, number: int | None, size: int) -> None:
        """A frame went out; reports name it by its number, or else by its stamp."""
        probe = self.overdue(now)
        self._probes += probe
        if len(self._accounts) > 1 and number is not None:
            self._accounts[member].numbers.add(number, self._sent)
            number = self._sent
        self.link.sent(now, stamp_ns, number, size, probe)
        self._sent += 1
        self.last_sent = now
        if self._first_sent is None:
            self._first_sent = now

    def also_sent(self, member: Member, now: float, size: int, again: int | None) -> None:
        """`size` bytes went out that are no new frame: parity, or of the frame `again` of this number."""
        if len(self._accounts) > 1:
            again = self._accounts[member].numbers.on_link(again)
        self.link.also_sent(now, size, again)

    def reported(self, now: float, reports: Mapping[Member, ArrivalReport]) -> None:
        """The receiver reports arrivals. Those known already, and those of unknown frames, change nothing."""
        report: ArrivalReport | None
        if len(self._accounts) == 1:
            (report,) = reports.values()
        else:
            told = [(self._accounts[member].numbers, report) for member, report in reports.items()]
            report = merge(told, [account.numbers for account in self._accounts.values()])
        if report is None:
            return
        # What a frame may take, of the camera of which it may take longest.
        interval = max(member.interval(now) * self.share(member, now) for member in self._accounts)
        heard = self.link.last_heard
        for wait in self.link.reported(now, report, interval):
            self.controller.update(wait, interval)
        if self.link.last_heard != heard:
            self._probes = 0
        if self.link.known and not self.overdue(now):
            self.link.trial.watch(now, self.link.capacity.rate, sum(member.most for member in self._accounts))

    def report_interval(self) -> float:
        """Seconds from report to report that the receiver is asked for: all cameras' are in one message."""
        return report_interval(self.link.capacity.rate, self.cameras)

    def state(self, now: float) -> State:
        """As in `Decision`."""
        if self.unreported(now):
            return "unreported"
        if self.overdue(now):
            return "lost"
        if not self.link.known:
            return "startup"
        return "overuse" if self.controller.overuse else "steady"

    def unreported(self, now: float) -> bool:
        """Whether the receiver does not report at all."""
        if self._reports_expected or self.link.last_heard is not None or self._first_sent is None:
            return False
        return now >= self._first_sent + self._report_timeout

    def overdue(self, now: float) -> bool:
        """Whether reports are."""
        return now > self.link.silent_from and not self.unreported(now)

    def probe_due(self) -> float:
        """When, reports being overdue, to ask for a sign of life."""
        link = self.link
        interval = probe_interval(link.flight, link.capacity.rate, link.losses.loss, self._probes)
        if not link.stalled:
            return max(self.last_sent, link.last_heard or 0.0) + interval
        # Of a link that stalled reports come before it is of use again: they put nothing off.
        due = self.last_sent + interval
        if self._probes or link.last_heard is None:
            return due
        # The receiver tells of the first of what was held up, and of the last only with the next frame: who
        # waited for that would show nothing for another half second.
        through = link.last_heard + link.flight.size / link.capacity.rate
        return min(due, max(through, self.last_sent + STALLED))

    def _takes_part(self, member: Member, now: float) -> bool:
        return now - self._accounts[member].asked <= max(_LEFT, _LEFT_PERIODS * member.period)

    def _ask_needs(self, now: float, rate: float) -> None:
        since, self._asked, self._allot_at = now - self._asked, now, now + _EVERY
        self._taking = [member for member in self._accounts if self._takes_part(member, now)]
        blind = self._blind(now)
        for member, account in self._accounts.items():
            if member not in self._taking:
                account.share, account.need = _IDLE, None
                continue
            need = 1.0 if blind else self._need(member, now, rate / len(self._taking))
            known = need if blind or account.need is None else account.need
            account.need = known + (need - known) * -math.expm1(-since / _SMOOTHED)

    def _allot(self, now: float, rate: float) -> None:
        self._allotted_rate = rate
        accounts = {member: self._accounts[member] for member in self._taking}
        mean = sum(account.need or 0.0 for account in accounts.values()) / self.cameras
        needs = [max(account.need or 0.0, _LEAST * mean, _NONE) for account in accounts.values()]
        weights = [account.weight for account in accounts.values()]
        blind = self._blind(now)
        most = [math.inf if blind else member.outlook(now, rate)[1] for member in accounts]
        for account, part in zip(accounts.values(), split(rate, weights, needs, most), strict=True):
            account.share = max(part / rate, _IDLE)

    def _blind(self, now: float) -> bool:
        """Whether nothing is known that needs could be told by."""
        return self.unreported(now) or not self.link.known

    def _need(self, member: Member, now: float, equal: float) -> float:
        return member.outlook(now, equal / _LESS)[0] - member.outlook(now, equal)[0]
