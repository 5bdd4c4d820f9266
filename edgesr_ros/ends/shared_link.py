"""The link of a robot's cameras: one budget, and one word of what arrived."""

import threading
from collections.abc import Mapping
from typing import Protocol

from edgesr_ros.control.budget import Budget
from edgesr_ros.control.report import ArrivalReport
from edgesr_ros.control.sender import Sender


class Camera(Protocol):
    """A camera's end of the link; as `Robot`.

    Attributes:
        sender: by which the budget knows it.
    """

    sender: Sender

    def told(self, now: float, report: ArrivalReport, round_trip: float | None, lost: bool) -> None:
        """A report of its frames came, and the budget has had it; arguments as of `Outbox.told`."""


class SharedLink:
    """What cameras have in common that send over one link.

    Attributes:
        budget: of the link.
        lock: of the budget, and of the senders that share it.
    """

    def __init__(self) -> None:
        self.budget, self.lock = Budget(), threading.Lock()

    def reported(self, now: float, reports: Mapping[Camera, ArrivalReport]) -> None:
        """The receiver reports arrivals, of several cameras at once: ask each `again` and `wait` anew."""
        with self.lock:
            lost = self.budget.state(now) == "lost"
            self.budget.reported(now, {camera.sender: report for camera, report in reports.items()})
            round_trip = self.budget.link.round_trip.mean
        for camera, report in reports.items():
            camera.told(now, report, round_trip, lost)
