"""A bad link in the kernel: two network namespaces, shaped by a profile in each direction."""

import math
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType

from edgesr_ros.errors import InputError
from edgesr_ros.link.namespaces import INTERFACE, SIDES, Namespaces
from edgesr_ros.link.profile import LinkProfile
from edgesr_ros.link.shaper import TICK, Shaper

_REMOVAL = 1.0  # s: what taking a link down takes


def follow(
    shapers: Sequence[Shaper],
    stop: threading.Event,
    gone: Callable[[], bool] = lambda: False,
) -> None:
    """Let shapers follow their schedules, which start now, until `stop`. Blocks, so run it in a thread.

    Args:
        shapers: whose schedules.
        stop: ends it.
        gone: whether somebody else has removed the interfaces, which ends it as well; asked at each tick.

    Raises:
        InputError: an interface cannot be shaped any more.
    """
    start, ticks = time.monotonic(), 0
    while not stop.wait(start + ticks * TICK - time.monotonic()):
        try:
            for shaper in shapers:
                shaper.apply(ticks * TICK)
        except InputError:
            # Whoever removes the interfaces may be in the middle of it.
            if stop.wait(_REMOVAL) or gone():
                return
            raise
        if gone():
            return
        # A tick that was missed is gone: the schedule goes by the clock.
        ticks = max(ticks + 1, math.floor((time.monotonic() - start) / TICK))


class KernelLink:
    """A robot and a ground station in namespaces of their own, with a profile in each direction.

    Everything is removed on leaving `with`. Processes that run on in the namespaces are not ended, but
    have no link any more; `cut_off` then tells their numbers.

    Args:
        profile: from robot to ground.
        back: from ground to robot; None is as `profile`.
        name: see `Namespaces`.

    Raises:
        InputError: as `Namespaces` and `Shaper`.
    """

    def __init__(self, profile: LinkProfile, back: LinkProfile | None = None, name: str = "edgesr") -> None:
        self.namespaces = Namespaces(name)
        self._profiles = (profile, profile if back is None else back)
        self.shapers: list[Shaper] = []
        self.cut_off: list[int] = []

    @property
    def left_out(self) -> list[str]:
        """What the profiles ask for and this kernel cannot do."""
        return sorted({what for shaper in self.shapers for what in shaper.left_out})

    def follow(self, stop: threading.Event) -> None:
        """As the function `follow`; returns early when somebody else takes the link down."""
        follow(self.shapers, stop, gone=lambda: self.namespaces.present() != list(SIDES))

    def __enter__(self) -> "KernelLink":
        self.namespaces.create()
        try:
            for side, profile in zip(SIDES, self._profiles, strict=True):
                shaper = Shaper(INTERFACE, profile, self.namespaces.namespace(side))
                self.shapers.append(shaper)
                shaper.apply(0.0)
        except BaseException:
            self.namespaces.remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut_off = self.namespaces.remove()
