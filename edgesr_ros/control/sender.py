"""The robot's side of the link: when to send a frame, and how large."""

import math

from edgesr_ros.control.budget import Budget
from edgesr_ros.control.decision import Decision
from edgesr_ros.control.delay import FIRST_SMALL
from edgesr_ros.control.policy import (
    MIN_FRAME_BYTES,
    USUAL,
    FramePolicy,
    Plan,
    PolicyName,
    Scene,
    Terms,
)
from edgesr_ros.control.report import ArrivalReport
from edgesr_ros.errors import InputError
from edgesr_ros.link.packets import PACKET_PAYLOAD

_EARLY = 0.35  # source periods that a frame may go out early: cameras are not exactly on time
_MOST_DEBT = 0.5  # of a frame
_LONGEST_HOLD = 1.0  # s from frame to frame while reports come
_LEAP = 2.0  # times the largest frame that has arrived, or one packet: more may be too much for the queue


class Sender:
    """Paces frames by what reports tell of the link: the capacity, from the time it takes for each frame.

    A frame goes out when its interval has passed and, by the estimates, those before it are through; so no
    queue builds up. Where a report is overdue nothing goes out: more frames would only wait in the link, or
    be lost like those before. After a while of silence small frames ask whether the link is back.

    Losses do not lower the rate, since delays tell of overload before. They limit the size of frames.

    Receivers that do not report at all (none since the first frame to the newest of them, `report_timeout` s
    ago) are sent a fixed rate, until their first report or `expect_reports`.

    All times are seconds on one clock of the caller's that does not go backwards.

    Attributes:
        reserved: share of the rate that is for parity, 0..1; set by who sends it.
        period: of the camera, s.
        spacing: s from frame to frame, as planned last.

    Args:
        policy: frame rate against bytes per frame.
        source_rate_hz: of the camera.
        fixed_rate_bytes_per_s: for receivers that do not report; None is no limit.
        max_frame_bytes: most that a frame may have, or can use.
        report_timeout: s.
        budget: of the link, shared with other cameras; None: it is all this one's.

    Raises:
        InputError: a number that is not positive.
    """

    def __init__(
        self,
        policy: PolicyName = "balanced",
        source_rate_hz: float = 30.0,
        fixed_rate_bytes_per_s: float | None = None,
        max_frame_bytes: int = 40_000,
        report_timeout: float = 2.0,
        budget: Budget | None = None,
    ) -> None:
        if fixed_rate_bytes_per_s is not None and not fixed_rate_bytes_per_s > 0:
            raise InputError(
                f"fixed_rate_bytes_per_s: expected more than 0, or none, got {fixed_rate_bytes_per_s}"
            )
        self._fixed_rate = fixed_rate_bytes_per_s
        self._scene = USUAL
        self._plans: tuple[object, Plan] | None = None  # what it was made of, and the plan
        self._used: tuple[PolicyName, float] | None = None
        self.use(policy, source_rate_hz, max_frame_bytes)
        self.spacing = self.period
        self._budget = budget or Budget(report_timeout)
        self._budget.join(self)
        self._link = self._budget.link
        self._last_sent = -math.inf
        self._budget_from = -math.inf  # when the fixed rate allows the next frame
        self.reserved = 0.0
        self._debt = 0.0  # bytes sent beyond what was planned

    def use(
        self, policy: PolicyName, source_rate_hz: float, max_frame_bytes: int, scene: Scene = USUAL
    ) -> None:
        """Change what may change while it runs; errors as when it is built."""
        if not source_rate_hz > 0:
            raise InputError(f"source_rate_hz: expected more than 0, got {source_rate_hz}")
        if not max_frame_bytes >= MIN_FRAME_BYTES:
            raise InputError(f"max_frame_bytes: expected {MIN_FRAME_BYTES} or more, got {max_frame_bytes}")
        if (policy, source_rate_hz) != self._used:  # else it would forget its hysteresis
            self._used = policy, source_rate_hz
            self._policy, self._plans = FramePolicy(policy, source_rate_hz), None
            self.period = 1 / source_rate_hz
        if scene is not self._scene:
            self._scene, self._plans = scene, None
        self._max_frame_bytes = max_frame_bytes

    def expect_reports(self) -> None:
        """There is a receiver that reports: silence is loss, however long it lasts."""
        self._budget.expect_reports()

    def report_interval(self) -> float:
        """Seconds from report to report that the receiver is asked for."""
        return self._budget.report_interval()

    def may_send(self, now: float) -> bool:
        """Whether a frame may go out now."""
        return self.next_deadline(now) is None

    def next_deadline(self, now: float) -> float | None:
        """When to ask again if no report comes before; None when a frame may go out now."""
        self._budget.asks(self, now)
        due = self._due(now)
        return due if due > now else None

    def rate(self, now: float) -> float:
        """Bytes per second that are to go out on average."""
        share = self._budget.share(self, now)
        if self._budget.unreported(now):
            return self._fixed_rate * share if self._fixed_rate else self.most
        rate = self._budget.controller.rate(self._link.capacity.rate) * share
        return min(rate * (1 - self.reserved), self.most)

    def decision(self, now: float) -> Decision:
        """What the next frame is to be, were it sent now."""
        planned = self._planned(now)
        # A stream's encoder holds the mean by itself; told to make good for each frame, it would tremble.
        debt = 0.0 if self._scene.stream else self._debt
        size = min(max(planned - debt, self._scene.least), self._max_frame_bytes)
        return Decision(
            rate_bytes_per_s=self.rate(now),
            frame_bytes=int(size if planned > self._scene.least else planned),
            frame_interval=self.interval(now),
            state=self._budget.state(now),
            capacity_bytes_per_s=self._link.capacity.rate,
            wait=self._link.wait,
            loss=self._link.losses.loss,
            round_trip=self._link.round_trip.mean,
            age=self._plan(now).age,
            lpips=self._plan(now).lpips,
        )

    def sent(self, now: float, stamp_ns: int, size: int, number: int | None = None) -> None:
        """A frame of `size` bytes went out; reports name it by its number, or else by its stamp."""
        planned = self._planned(now)
        limit = _MOST_DEBT * planned
        self._debt = max(-limit, min(limit, self._debt + size - planned))
        # From the time that was due, not from now: lateness of one frame must not lower the rate.
        due = max(self._budget_from, now - self.interval(now))
        self._budget_from = due + size / self.rate(now)
        self._budget.sent(self, now, stamp_ns, number, size)
        self._last_sent = now

    def also_sent(self, now: float, size: int, again: int | None = None) -> None:
        """`size` bytes went out that are no new frame: parity, or of the frame `again` of this number."""
        self._budget.also_sent(self, now, size, again)

    def reported(self, now: float, report: ArrivalReport) -> None:
        """The receiver reports arrivals. Those known already, and those of unknown frames, change nothing."""
        self._budget.reported(now, {self: report})

    @property
    def most(self) -> float:
        """Bytes per second that can be used at most."""
        return self._max_frame_bytes / self.period

    def interval(self, now: float) -> float:
        """Seconds from frame to frame as it is planned."""
        return self._plan(now).periods * self.period

    def outlook(self, now: float, rate: float) -> tuple[float, float]:
        """LPIPS that could be had at a rate, bytes per second, and what would be used of it."""
        return self._policy.outlook(self._scene, min(rate, self.most), self._terms(now))

    def _largest(self, now: float) -> float:
        """Bytes of a frame, by what is known to arrive."""
        if self._budget.unreported(now):
            return self._max_frame_bytes
        leap = max(_LEAP * self._link.largest, PACKET_PAYLOAD)
        return min(self._link.losses.largest, leap, self._max_frame_bytes)

    def _terms(self, now: float) -> Terms:
        # Without reports nobody knows how long a frame takes: the budget alone limits it.
        capacity = math.inf if self._budget.unreported(now) else self._link.capacity.rate
        fixed = self._link.way + self._budget.waiting(self)
        return Terms(capacity, fixed, 1 - self._link.losses.packets_lost, self._largest(now))

    def _plan(self, now: float) -> Plan:
        """Interval and size, were the link known and nothing overdue."""
        rate, terms = self.rate(now), self._terms(now)
        made_of = (
            round(100 * math.log(rate)),
            round(100 * math.log(terms.capacity)) if terms.capacity < math.inf else None,
            round(1000 * terms.fixed),
            round(self._link.losses.packets_lost, 3),
            int(terms.largest),
        )
        if self._plans is None or self._plans[0] != made_of:
            plan = self._policy.plan(self._scene, rate, terms)
            self._plans = made_of, plan
            self.spacing = plan.periods * self.period
        return self._plans[1]

    def _planned(self, now: float) -> float:
        if not self._budget.unreported(now) and (self._link.last_heard is None or self._budget.overdue(now)):
            return self._scene.least
        if self._link.draining and not self._budget.unreported(now):
            return self._scene.least  # how much longer larger ones take will tell what the link carries
        planned = self._plan(now).size
        if self._link.trial.running:
            return self._link.trial.size(planned, self._largest(now), self._scene.least, self)
        return planned

    def _due(self, now: float) -> float:
        """When the next frame may go out, if no report comes before."""
        if self._budget.unreported(now):
            return self._budget_from
        if self._budget.overdue(now):
            return self._budget.probe_due()
        if self._link.last_heard is None:
            # Some frames to measure the link by, and then nothing before they are reported, or overdue.
            if len(self._link.flight.frames) < FIRST_SMALL:
                return self._budget.last_sent + (1 - _EARLY) * self.period
            return math.nextafter(self._link.silent_from, math.inf)
        next_frame = self._last_sent + self.interval(now) - _EARLY * self.period
        free = self._link.alone_from if self._link.trial.running else self._link.free_from
        # An estimate that is far too low must not silence what would correct it.
        free = min(free, self._budget.last_sent + _LONGEST_HOLD)
        return max(next_frame, min(free, math.nextafter(self._link.silent_from, math.inf)))
