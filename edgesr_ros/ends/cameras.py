"""The robot's end of a link with all its cameras: one budget, and a stream for each."""

from collections.abc import Callable, Mapping

from edgesr_ros.control.report import ArrivalReport
from edgesr_ros.ends.camera_names import names_of, weights_of
from edgesr_ros.ends.robot import Robot
from edgesr_ros.ends.robot_settings import RobotSettings
from edgesr_ros.ends.shared_link import SharedLink


class Cameras:
    """What a robot's cameras have in common; each has a `Robot`, which is used as if it were alone.

    Args:
        settings: to begin with.
        first_number: gives the number of a stream's first frame.
        clock, log: as of `Robot`.

    Attributes:
        robots: by the cameras' names; by an empty one where `settings` name none.

    Raises:
        InputError: as `Robot`.
    """

    def __init__(
        self,
        settings: RobotSettings,
        first_number: Callable[[], int],
        clock: Callable[[], float] | None = None,
        log: Callable[[str], None] = print,
    ) -> None:
        self._link = SharedLink()
        names = names_of(settings.cameras)
        self.robots = {name: Robot(settings, first_number(), clock, log, self._link) for name in names}
        self._settings: RobotSettings | None = None
        self.use(settings)

    def use(self, settings: RobotSettings) -> None:
        """What is to hold from now on; changed weights do at once."""
        if settings is self._settings:
            return
        self._settings = settings
        weights = weights_of(list(self.robots), settings.weights, settings.focus)
        with self._link.lock:
            for name, robot in self.robots.items():
                robot.settings = settings
                self._link.budget.weigh(robot.sender, weights[name])

    def expect_reports(self) -> None:
        """There is a receiver that reports."""
        with self._link.lock:
            self._link.budget.expect_reports()

    def newcomer(self) -> None:
        """Somebody more takes frames, and may report."""
        with self._link.lock:
            self._link.budget.newcomer()

    def rate(self, now: float) -> float:
        """Bytes per second that are to go out on average, of all cameras together."""
        with self._link.lock:
            return self._link.budget.rate(now)

    def reported(self, now: float, reports: Mapping[str, ArrivalReport]) -> None:
        """The receiver reports arrivals, by camera; ask each robot `again`."""
        self._link.reported(now, {self.robots[name]: report for name, report in reports.items()})
