"""A bad link between real programs: two network namespaces, joined by a profile in each direction."""

import contextlib
import json
import os
import socket
import threading
from types import TracebackType

import msgspec

from edgesr_ros.errors import InputError
from edgesr_ros.link.capacity import Schedule
from edgesr_ros.link.commands import run_tool, run_within
from edgesr_ros.link.forwarder import Forwarder
from edgesr_ros.link.line import LineState
from edgesr_ros.link.namespaces import INTERFACE, SIDES, Namespaces, Side
from edgesr_ros.link.profile import LinkProfile

_LOOK_PERIOD = 0.1  # s between looks at whether the link is still there
_REMOVAL = 1.0  # s: what taking a link down takes
_QUESTIONS = "\0edgesr_link"  # a socket's name in the robot's namespace, in no file system
_ANSWER = 65_536  # bytes, at most
_PATIENCE = 5.0  # s


class KernelLink:
    """A robot and a ground station in namespaces of their own, with a profile in each direction.

    Every packet between the two goes through a `LinkEmulator`, the one that node and simulation have. Where
    neither direction limits, loses or delays anything, the two are joined by a cable of the kernel's.

    Everything is removed on leaving `with`. Processes that run on in the namespaces are not ended, but
    have no link any more; `cut_off` then tells their numbers. Where we are killed, the interfaces are gone,
    and the empty namespaces remain.

    Args:
        profile: from robot to ground.
        back: from ground to robot; None is as `profile`.
        name: see `Namespaces`.
        seed: of losses, jitter and duplicates.

    Raises:
        InputError: as `Namespaces`.
    """

    def __init__(
        self, profile: LinkProfile, back: LinkProfile | None = None, name: str = "edgesr", seed: int = 0
    ) -> None:
        self.namespaces = Namespaces(name)
        self._profiles = (profile, profile if back is None else back)
        self._seed = seed
        self._forwarder: Forwarder | None = None
        self.cut_off: list[int] = []

    def follow(self, stop: threading.Event) -> None:
        """Let the schedules begin, which stood still so far, and wait until `stop`.

        Returns early when somebody else takes the link down.

        Raises:
            InputError: only an interface has been removed.
        """
        if self._forwarder is not None:
            self._forwarder.restart()
        while not stop.wait(_LOOK_PERIOD):
            if self.namespaces.present() != list(SIDES):
                return
            if self._forwarder is not None and not self._forwarder.alive:
                # Whoever removes the interfaces may be in the middle of it.
                if stop.wait(_REMOVAL) or self.namespaces.present() != list(SIDES):
                    return
                raise InputError(f"link {self.namespaces.name!r}: its interface {INTERFACE} has been removed")

    def __enter__(self) -> "KernelLink":
        if all(_is_cable(profile) for profile in self._profiles):
            self.namespaces.create()
            return self
        taps = self.namespaces.create_apart()
        with contextlib.ExitStack() as failed:
            failed.callback(self.namespaces.remove)
            for tap in taps:
                failed.callback(os.close, tap)
            questions = failed.enter_context(run_within(self.namespaces.namespace("robot"), _listen))
            self._forwarder = Forwarder(taps, self._profiles, questions, self._seed)
            failed.pop_all()  # the forwarder closes them
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._forwarder is not None:
            self._forwarder.close()
        self.cut_off = self.namespaces.remove()


def line_state(namespaces: Namespaces, side: Side) -> LineState | None:
    """What a link, perhaps another process's, carries from one side; None where it has no interface any more.

    Raises:
        InputError: no root, or no answer.
    """
    try:
        return _ask(namespaces)[SIDES.index(side)]
    except FileNotFoundError:
        return None
    except ConnectionRefusedError:
        pass  # a cable, or what a crash has left
    except (OSError, msgspec.DecodeError) as error:
        raise InputError(f"link {namespaces.name!r}: {error}") from None
    shown = ("ip", "-n", namespaces.namespace(side), "-s", "-d", "-j", "link", "show", "type", "veth")
    with contextlib.suppress(InputError):
        for interface in json.loads(run_tool(*shown) or "[]"):
            if interface.get("ifname") == INTERFACE:
                return LineState(kbps=None, sent_bytes=interface["stats64"]["tx"]["bytes"])
    return None


def _ask(namespaces: Namespaces) -> list[LineState]:
    def ask() -> bytes:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as asking:
            asking.settimeout(_PATIENCE)
            asking.connect(_QUESTIONS)
            return asking.recv(_ANSWER)

    return msgspec.json.decode(run_within(namespaces.namespace("robot"), ask), type=list[LineState])


def _listen() -> socket.socket:
    questions = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    questions.bind(_QUESTIONS)
    questions.listen()
    questions.setblocking(False)
    return questions


def _is_cable(profile: LinkProfile) -> bool:
    """Whether it neither limits nor delays, loses or doubles anything, ever."""
    free = isinstance(profile.capacity, Schedule) and all(
        step.kbps is None for step in profile.capacity.steps
    )
    return free and not any(
        (profile.delay_ms, profile.jitter_ms, profile.loss, profile.burst, profile.duplicate)
    )
