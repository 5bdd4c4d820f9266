"""`edgesr link`: a bad link between a robot and a ground station, both in namespaces of this machine."""

import argparse
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from edgesr_ros.errors import InputError
from edgesr_ros.link.kernel import KernelLink, line_state
from edgesr_ros.link.line import LineState
from edgesr_ros.link.namespaces import ADDRESSES, SIDES, Namespaces
from edgesr_ros.link.profile import LinkProfile, read_profile
from edgesr_ros.link.shaper import Shaper
from edgesr_ros.live.processes import ENDINGS

HELP = "put a bad link between two network namespaces of this machine (needs root)"

_WATCH_PERIOD = 0.2  # s
_UNITS = {"B": 1, "kB": 1e3, "MB": 1e6}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="up|down|status")
    up = actions.add_parser("up", help="make the link and follow its profile until Ctrl-C, which removes it")
    up.add_argument("profile", help="name of a link profile, or path of a YAML file or a trace")
    up.add_argument("--back", metavar="PROFILE", help="from ground to robot (default: the same profile)")
    up.add_argument(
        "--interface", metavar="IFACE", help="no namespaces: hold what leaves this interface to the profile"
    )
    down = actions.add_parser("down", help="remove the link, also one that a crash has left")
    status = actions.add_parser("status", help="what the link carries now; status 1 where there is none")
    for action in (up, down, status):
        action.add_argument("--name", default="edgesr", help="tells several links apart (default: edgesr)")


def run(arguments: argparse.Namespace) -> int:
    """Do one of the three."""
    return {"up": _up, "down": _down, "status": _status}[arguments.action](arguments)


def _up(arguments: argparse.Namespace) -> int:
    profile = read_profile(arguments.profile)
    if arguments.interface and arguments.back:
        raise InputError("--back: of an interface only what leaves it can be shaped")
    back = read_profile(arguments.back) if arguments.back else None
    with _asked_to_end() as stop:
        return _up_until(stop, arguments, profile, back)


@contextmanager
def _asked_to_end() -> Iterator[threading.Event]:
    """An event that is set when we are asked to end: the one way that cleans up, and nothing cuts it short.

    A thread sets it: a handler that sets an event may find the event's lock held by the very code that it
    interrupts, and hang.
    """
    stop, over = threading.Event(), threading.Event()
    asked: list[int] = []

    def watch() -> None:
        while not over.wait(_WATCH_PERIOD):
            if asked:
                stop.set()

    for number in ENDINGS:
        signal.signal(number, lambda number, _: asked.append(number))  # a shell's `&` has SIGINT ignored
    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield stop
    finally:
        over.set()
        thread.join()


def _up_until(
    stop: threading.Event, arguments: argparse.Namespace, profile: LinkProfile, back: LinkProfile | None
) -> int:
    if arguments.interface:
        with Shaper(arguments.interface, profile) as shaper:
            print(f"{arguments.interface} is held to: {profile.description}")
            _print_left_out(shaper.left_out)
            print("Ctrl-C ends it", flush=True)
            shaper.follow(stop)
        return 0
    with KernelLink(profile, back, arguments.name) as link:
        print(f"link {arguments.name!r} is up: {profile.description}")
        for side in SIDES:
            command = " ".join(link.namespaces.command(side, ["COMMAND"]))
            print(f"  {side:6}  {ADDRESSES[side]}  sudo -E {command}")
        print("Ctrl-C removes it", flush=True)
        link.follow(stop)
    _print_removed(link.cut_off)
    return 0


def _down(arguments: argparse.Namespace) -> int:
    namespaces = Namespaces(arguments.name)
    if not namespaces.present():
        print(f"link {arguments.name!r} is not up")
        return 0
    _print_removed(namespaces.remove())
    return 0


def _status(arguments: argparse.Namespace) -> int:
    namespaces = Namespaces(arguments.name)
    present = namespaces.present()
    print(f"link {arguments.name!r} is {'up' if present else 'not up'}")
    for side in present:
        carries = _carries(line_state(namespaces, side))
        processes = " ".join(map(str, namespaces.processes(side))) or "none"
        print(f"  {side:6}  {ADDRESSES[side]}  {carries}; processes: {processes}")
    return 0 if present else 1


def _carries(state: LineState | None) -> str:
    if state is None:
        return "no interface"
    rate = "no limit" if state.kbps is None else f"{state.kbps:g} kbit/s" if state.kbps else "outage"
    sent, waiting = _size(state.sent_bytes), _size(state.waiting_bytes)
    reasons = ", ".join(f"{reason} {count}" for reason, count in state.dropped.items())
    dropped = f"{sum(state.dropped.values())} packets" + (f" ({reasons})" if reasons else "")
    return f"{rate}; sent {sent}, waiting {waiting}, dropped {dropped}"


def _print_left_out(what: Sequence[str]) -> None:
    if what:
        print(f"  this kernel has no netem, so without {', '.join(what)}")


def _print_removed(running: list[int]) -> None:
    print("removed")
    if running:
        print(f"still running, without a link: process {', '.join(map(str, running))}")


def _size(count: int) -> str:
    unit = "MB" if count >= 1e6 else "kB" if count >= 1e3 else "B"
    return f"{count / _UNITS[unit]:.3g} {unit}"
