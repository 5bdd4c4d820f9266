"""Carries Ethernet frames between two taps through a model of a link, at the times that the model says."""

import contextlib
import errno
import math
import os
import select
import socket
import threading
import time
from collections.abc import Sequence

import msgspec

from edgesr_ros.link.line import Line, LineState
from edgesr_ros.link.profile import LinkProfile

_FRAME = 65_536  # bytes, at most
_BATCH = 32  # frames read between two looks at what is due
_WAKING = 0.1e-3  # s: what waking up takes, once for a frame that comes and once for a time that has come
_PRIORITY = 1  # the highest: SVT-AV1 takes it too where it is root


class Forwarder:
    """A thread between two taps; frames that one side sends come out at the other, late, or not at all.

    It goes before ordinary processes where the system lets it (`SCHED_FIFO`), so that the link's times do not
    depend on what else the machine does.

    Args:
        taps: descriptors of the two, non-blocking; frames without further headers (`IFF_NO_PI`). Closed at
            the end.
        profiles: of what is sent by the first, and by the second.
        questions: a listening socket; whoever connects is told the states of both, as JSON. Closed at the
            end.
        seed: of losses, jitter and duplicates.
    """

    def __init__(
        self, taps: Sequence[int], profiles: Sequence[LinkProfile], questions: socket.socket, seed: int
    ) -> None:
        self._taps, self._questions = tuple(taps), questions
        now = time.monotonic()
        self._lines = [Line(profile, 2 * seed + side, now) for side, profile in enumerate(profiles)]
        self._ways = list(zip(self._taps, reversed(self._taps), self._lines, strict=True))
        self._lock = threading.Lock()
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether it still carries; it ends when somebody removes an interface."""
        return self._thread.is_alive()

    def restart(self) -> None:
        """Let both schedules begin now."""
        with self._lock:
            for line in self._lines:
                line.restart(time.monotonic())
        os.eventfd_write(self._wake, 1)

    def states(self) -> list[LineState]:
        """What is sent by the first, and by the second."""
        with self._lock:
            return [line.state(time.monotonic()) for line in self._lines]

    def close(self) -> None:
        """End it; the taps are gone then."""
        self._closed = True
        os.eventfd_write(self._wake, 1)
        self._thread.join()
        os.close(self._wake)

    def _run(self) -> None:
        with contextlib.suppress(OSError):  # a container may forbid it
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(_PRIORITY))
        try:
            while not self._closed:
                self._carry()
        except OSError as error:
            if error.errno != errno.EBADFD:  # what a tap says whose interface has been removed
                raise
        finally:
            self._questions.close()
            for tap in self._taps:
                os.close(tap)

    def _carry(self) -> None:
        with self._lock:
            due = min(line.next_due for line in self._lines)
        # Of all that waits, select alone takes times finer than a millisecond.
        wait = None if math.isinf(due) else max(0.0, due - _WAKING - time.monotonic())
        asked = self._questions.fileno()
        ready, _, _ = select.select([*self._taps, self._wake, asked], [], [], wait)
        for source, destination, line in self._ways:
            if source in ready:
                self._take(source, line)
            with self._lock:
                frames = line.due(time.monotonic() + _WAKING)
            for frame in frames:
                _write(destination, frame)
        if self._wake in ready:
            os.eventfd_read(self._wake)
        if asked in ready:
            with contextlib.suppress(OSError), self._questions.accept()[0] as asking:
                asking.send(msgspec.json.encode(self.states()))

    def _take(self, source: int, line: Line) -> None:
        with contextlib.suppress(BlockingIOError), self._lock:
            for _ in range(_BATCH):
                frame = os.read(source, _FRAME)
                line.put(time.monotonic(), frame)


def _write(tap: int, frame: bytes) -> None:
    try:
        os.write(tap, frame)
    except OSError as error:
        if error.errno != errno.EIO:  # the interface is down: it hears nothing
            raise
