"""What the frames sent and their reports tell of the link, and what to expect of it next."""

import math

from edgesr_ros.control.contrast import SizeContrast
from edgesr_ros.control.delay import Propagation, RunningMean
from edgesr_ros.control.estimator import CapacityEstimator
from edgesr_ros.control.flight import Flight, SentFrame
from edgesr_ros.control.jitter import Jitter
from edgesr_ros.control.loss import LossEstimator
from edgesr_ros.control.receiver_count import ReceiverCount
from edgesr_ros.control.report import ArrivalReport
from edgesr_ros.control.trial import DelayTrial

_START_RATE = 30_000.0  # bytes/s: what the first estimate grows from
_UNHEARD = 0.7  # s until the first report counts as overdue
_PATIENCE = 0.015  # s beyond the usual that a report may be late
_OUTAGE = 0.5  # s: who takes longer for a frame was gone meanwhile
_VERY_LATE = 3.0  # times the jitter that is usual
_WAY_GAIN = 1 / 8  # of the newest frame
_LARGEST_KEPT = 0.99  # of the largest frame's size, from frame to frame
_INSTANT = 1e-4  # s
_DRAINS = 0.003  # s by which a frame is faster than any before: it is not jitter
_BACK = 1.0  # s that arrivals may seem to go back before the receiver's clock counts as another one
_ON = 0.1  # s: the same of what seems to come later than its report


class LinkObserver:
    """Keeps track of the frames on the way, and estimates delay, capacity and loss from what arrives.

    Attributes:
        flight: the frames on the way.
        capacity: bytes per second that the link carries.
        losses: what gets lost.
        trial: of whether the way has become longer.
        round_trip: s from a frame to its report.
        wait: s that the last frame waited behind others.
        last_heard: when the last report came.
        way: s from one end to the other, what a frame takes by its size and its waiting not counted.
        draining: the queue of others, by how much faster the last frame was than any before.
        largest: bytes of the largest frame that arrived of late.
        stalled: what was sent before a silence comes late, and more of it is on the way.
        free_from: when a frame sent will not wait for those before it, if all goes as expected.
        silent_from: when there will have been fewer reports than chance explains.
    """

    def __init__(self) -> None:
        self.flight = Flight()
        self.capacity = CapacityEstimator(_START_RATE)
        self.losses = LossEstimator()
        self.round_trip = RunningMean()
        self.wait = self.way = self.largest = 0.0
        self.last_heard: float | None = None
        self.draining = False
        self.stalled = False
        self._held_up = False  # the last frame to arrive, by an outage
        self._clear = -math.inf  # when the link was through with all that is settled, receiver's clock
        self._meet_receiver()
        self._look_ahead()

    @property
    def known(self) -> bool:
        """Enough frames have arrived to rely on the estimates."""
        return self._propagation.settled

    @property
    def alone_from(self) -> float:
        """When a frame sent will find the link empty, even if that takes twice as long as expected."""
        frames = self.flight.frames
        return self.free_from + frames[-1].size / self.capacity.rate if frames else -math.inf

    def forget_flight(self) -> None:
        """What went out was for others than those whose reports are to come."""
        self.flight = Flight()
        self._look_ahead()

    def sent(self, now: float, stamp_ns: int, number: int | None, size: int, probe: bool) -> None:
        """A frame went out."""
        self.losses.sent(size)
        alone = now >= self.alone_from
        self.trial.sent(now, alone)
        self.flight.add(now, stamp_ns, number, size, probe, alone)
        self._look_ahead()

    def also_sent(self, now: float, size: int, again: int | None) -> None:
        """`size` bytes went out that are no frame of their own: parity, or of the frame `again`."""
        self.flight.add_bytes(now, size, again)
        self._look_ahead()

    def reported(self, now: float, report: ArrivalReport, interval: float) -> list[float]:
        """The receiver reports arrivals of frames that were sent `interval` seconds apart.

        Returns:
            The waiting of each frame that was not known to have arrived, s.
        """
        frame = self.flight.find(report.stamp_ns, report.number)
        if frame is None:
            return []
        arrival = report.arrival_ns * 1e-9
        newer, late = frame.place > self._count.place, self._comes_late(now, frame)
        if newer and (report.frames < self._count.frames or self._another_clock(now, arrival)):
            self._meet_receiver()
        if newer:
            self._took_no_longer(frame.size, now - frame.sent)
        waits = []
        for told in report.arrivals:
            if told.number is None and told.arrival_ns * 1e-9 <= self._clear:
                continue  # known: it must not pass for a later frame of the same stamp
            of = self.flight.find(told.stamp_ns, told.number)
            if of is not None and self._arrived(now, of, told.arrival_ns * 1e-9, interval):
                waits.append(self.wait)
        if newer:
            self._count.reported(frame, report, self.flight, self.losses)
            self._hold = report.hold_s or 0.0
            self.stalled = late and not self.flight.only_probes
            if not self.stalled:
                self.round_trip.add(now - frame.sent)
                spent = now - frame.sent - self.wait - frame.size / self.capacity.rate
                self.way += _WAY_GAIN * (max(spent, 0.0) / 2 - self.way)
                self._return_delay.add(now - arrival)
            self.last_heard = now
        self._look_ahead()
        return waits

    def _took_no_longer(self, size: int, seconds: float) -> None:
        """A frame was through, and reported, in that time on one clock: that is sure, whatever the way.

        At the start, when the propagation is a guess, a busy machine that delays a few bytes by as little as
        the first frame's would otherwise pass for a link that takes a tenth of a second for them.
        """
        if (sure := size / max(seconds, _INSTANT)) > self.capacity.rate:
            self.capacity.at_least(sure)

    def _comes_late(self, now: float, frame: SentFrame) -> bool:
        """Whether the report of a frame, itself no probe, ends a silence without being of the usual age.

        Then the link has carried something at last, which says little of those that wait behind it.
        """
        mean, deviation = self.round_trip.mean, self.round_trip.deviation
        if mean is None or frame.probe or now <= self.silent_from:
            return False
        return now - frame.sent > mean + 4 * deviation + self._hold + _PATIENCE

    def _another_clock(self, now: float, arrival: float) -> bool:
        """Whether the receiver's clock went back, or on: no frame comes later than its report."""
        usual = self._propagation.seconds
        came = -math.inf if usual is None else arrival - usual
        return arrival < self._clear - _BACK or came > now + _ON

    def _meet_receiver(self) -> None:
        """Forget what hangs on the receiver's clock and counts."""
        self._propagation = Propagation()
        self.trial = DelayTrial()
        self._return_delay = RunningMean()  # from an arrival to its report, offset of the clocks included
        self._hold = 0.0  # s that the receiver may keep an arrival to itself
        self._jitter, self._contrast = Jitter(), SizeContrast()
        self._clear = -math.inf
        self._count: ReceiverCount = ReceiverCount()

    def _arrived(self, now: float, frame: SentFrame, arrival: float, interval: float) -> bool:
        before, again = self.flight.settle(frame), frame.number in self.flight.again
        if before is None:
            return False
        expected = frame.size / self.capacity.rate
        anew = self.draining and frame.sole
        faster = self._propagation.arrived(frame.sent, arrival, frame.size, self.capacity.rate, anew)
        entered = frame.sent + (self._propagation.seconds or 0.0)
        begun = max(entered, self._behind(frame, self._through(before)[-1]))
        self.draining = faster > _DRAINS + _VERY_LATE * self._jitter.usual or (
            self.draining and not frame.sole
        )
        # What an outage held up says how long that was; but twice in a row it is a link that is so slow.
        self._held_up = arrival - begun > _OUTAGE and not self._held_up
        # Lost frames may have used the link or not. Where they leave too little time, they did not.
        if before and arrival - begun <= expected / 2:
            begun = max(entered, arrival - expected)
        elif not (self._held_up or anew or faster > _INSTANT or again or (frame.ahead and begun > entered)):
            # Jitter only ever makes a frame late that waited for none before it.
            usual = self._jitter.usual if begun == entered else 0.0
            late = arrival - entered > interval + _VERY_LATE * self._jitter.usual
            if late or not before:  # those before it were perhaps overtaken
                self.capacity.add(frame.size, arrival - begun, usual, urgent=late)
                if begun > entered:
                    self._propagation.queued(self.capacity.rate)
        self.wait = begun - entered
        transmission = frame.size / self.capacity.rate
        if begun == entered and not before and not faster:
            self._jitter.add(arrival - frame.sent, frame.size, self.capacity.rate)
        self._propagation.refresh(frame.sent, arrival - frame.sent - self.wait - transmission)
        if frame.alone:
            took, propagation = arrival - frame.sent, entered - frame.sent
            change = self.trial.arrived(now, frame.size, took, propagation, self._jitter.usual)
            self._propagation.change(frame.sent, change)
        if not (again or before):
            self._compare(frame, arrival - frame.sent)
        self._clear = arrival
        self.largest = max(frame.size, self.largest * _LARGEST_KEPT)
        self.losses.arrived(frame.size)
        return True

    def _compare(self, frame: SentFrame, delay: float) -> None:
        """Whether larger frames take as much longer as the estimate says."""
        self._contrast.arrived(frame.size, delay)
        if (faster := self._contrast.faster(self.capacity.rate)) is not None:
            rate, propagation = faster
            self.capacity.at_least(rate)
            self._propagation.change(frame.sent, max(propagation - (self._propagation.seconds or 0.0), 0.0))

    def _look_ahead(self) -> None:
        frames, tolerated = self.flight.frames, self.losses.tolerated
        through = self._through(frames)
        propagation = self._propagation.seconds or 0.0
        size, since = self.flight.behind
        clear = max(through[-1], since + propagation) + size / self.capacity.rate if size else through[-1]
        self.free_from = clear - propagation
        if self.draining and frames:
            # While others' queue drains each frame is faster than the one before: only one that has the
            # link to itself tells anything. It, or its report, may be lost.
            mean, deviation = self.round_trip.mean, self.round_trip.deviation
            patience = _UNHEARD if mean is None else min(mean + 4 * deviation + self._hold, _UNHEARD)
            self.free_from = max(self.free_from, frames[-1].sent + patience)
        self.silent_from = -math.inf if self.stalled else math.inf
        if self.stalled or len(frames) < tolerated:
            return
        if self._return_delay.mean is None:
            self.silent_from = frames[0].sent + _UNHEARD
        else:
            usual = self._return_delay.mean + 4 * self._return_delay.deviation
            self.silent_from = through[tolerated] + usual + _PATIENCE + self._hold

    def _through(self, frames: tuple[SentFrame, ...]) -> list[float]:
        """When the link is through with what is settled, and then with each of `frames`; receiver's clock."""
        times = [self._clear]
        for frame in frames:
            entered = frame.sent + (self._propagation.seconds or 0.0)
            begun = max(self._behind(frame, times[-1]), entered)
            times.append(begun + frame.size / self.capacity.rate)
        return times

    def _behind(self, frame: SentFrame, clear: float) -> float:
        """When the link is through with what went out ahead of a frame; it was `clear` before."""
        if not frame.ahead:
            return clear
        entered = frame.ahead_since + (self._propagation.seconds or 0.0)
        return max(clear, entered) + frame.ahead / self.capacity.rate
