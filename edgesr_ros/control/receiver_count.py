"""How many frames have arrived, by the receiver's own count: between two reports of it, how many have not."""

from edgesr_ros.control.flight import Flight, SentFrame
from edgesr_ros.control.loss import LossEstimator
from edgesr_ros.control.report import ArrivalReport


class ReceiverCount:
    """The count of one receiver as the newest frame that was reported found it; lost reports do not matter.

    Attributes:
        place: of that frame among all sent; -1: none was reported so far.
        frames: that had arrived by then.
    """

    def __init__(self) -> None:
        self.place, self.frames = -1, 0

    def reported(
        self, frame: SentFrame, report: ArrivalReport, flight: Flight, losses: LossEstimator
    ) -> None:
        """Tell `losses` what has become of the frames since the last report.

        Args:
            frame: the one reported, of a later place than any before.
            report: of it.
            flight: still knows the frames between.
        """
        last, known = self.place, self.frames
        self.place, self.frames = frame.place, report.frames
        if last < 0:
            return
        sent = frame.place - last
        between = flight.between(last, frame.place)
        counted = sent - sum(other.uncounted for other in between)
        lost = min(max(counted - (report.frames - known), 0), sent)
        pictures = [other.size for other in between if not other.probe]
        if len(pictures) == sent:
            named = {told.number for told in report.arrivals} if report.hold_s else {frame.number}
            told = sum(other.number in named for other in between)
            losses.reported(sent, lost, max(told, 1))
        elif frame.probe and pictures and lost <= len(pictures):  # else the link was gone, for probes as well
            losses.reported(len(pictures), lost, 0)
            if lost == len(pictures):
                losses.vanished(min(pictures))
