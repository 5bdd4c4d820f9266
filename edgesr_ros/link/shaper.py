"""A link profile on a real network interface, by the kernel's traffic control (`tc`)."""

import contextlib
import math
import threading
import time
from collections.abc import Sequence
from types import TracebackType

from edgesr_ros.link.commands import require_root, run_tool, send_broadcast, succeeds
from edgesr_ros.link.profile import LinkProfile

TICK = 0.1  # s between looks at the schedule

_UNLIMITED_KBPS = 10_000_000.0
_PACKET = 1514  # bytes of an Ethernet frame without its checksum
_PACKET_KBIT = _PACKET * 8 / 1000
_BURST_SECONDS = (
    0.001  # of a rate: made good for when a timer fires late; what is sent too early after a pause
)
_OPEN = ("rate", "10gbit", "burst", "1mb", "limit", "32mb")
_CLOSED = ("rate", "8bit", "burst", "1600", "limit", "32mb")
_DELAY_LINE = "100000"  # packets on their way in netem, beside the queue


class Shaper:
    """What leaves one interface, held to a profile until the end of `with`; `apply` follows its schedule.

    tbf → htb → bfifo, and before them netem where the kernel has it:

    - htb sets the rate. tbf alone would not do: each change of its rate fills its bucket, at ten changes a
      second 128 kbit/s too many. htb keeps what its bucket owes.
    - tbf is the gate of an outage, in which the queue holds. htb cannot stop: at the lowest rate a single
      packet would block it for a minute.
    - bfifo is the queue. netem makes delay, jitter, losses and duplicates; without it they are left out,
      see `left_out`.

    The rate holds for whole Ethernet frames, headers included. htb charges a packet after it has sent it:
    what ends with a packet of n bytes is there as much earlier as n bytes take.

    Args:
        interface: its name. What shapes it so far is replaced.
        profile: of this direction.
        namespace: in which the interface is; our own by default.

    Raises:
        InputError: no root, no such interface, or a kernel without htb, tbf.
    """

    def __init__(self, interface: str, profile: LinkProfile, namespace: str | None = None) -> None:
        require_root()
        self.interface, self.profile, self._namespace = interface, profile, namespace
        self._tc = ("tc", *(() if namespace is None else ("-n", namespace)))
        self._applied: dict[str, tuple[str, ...]] = {}
        self.clear()
        asked = {
            "delay": profile.delay_ms or profile.delay_at(0.0),
            "jitter": profile.jitter_ms,
            "loss": profile.loss,
            "burst": profile.burst,
            "duplicate": profile.duplicate,
        }
        wanted = [name for name, value in asked.items() if value]
        root: tuple[str, ...] = ("root",)
        netem = bool(wanted) and succeeds(*self._qdisc("add", root, "1:", "netem", *self._netem(0.0)))
        if netem:
            root = ("parent", "1:1")
        self.left_out: Sequence[str] = () if netem else wanted
        self._gate, self._has_netem = root, netem
        try:
            run_tool(*self._qdisc("add", root, "2:", "tbf", *_OPEN))
            run_tool(*self._qdisc("add", ("parent", "2:1"), "3:", "htb", "default", "1"))
            run_tool(*self._class("add", _rate(_UNLIMITED_KBPS)))
            limit = ("limit", str(self._queue_bytes(0.0)))
            run_tool(*self._qdisc("add", ("parent", "3:1"), "4:", "bfifo", *limit))
        except BaseException:
            self.clear()
            raise

    def apply(self, now: float) -> None:
        """Set what the profile says of the next `TICK`, `now` seconds after its start."""
        kbps = self._kbps(now)
        gate = _OPEN if kbps else _CLOSED
        opened = self._change("gate", self._qdisc("change", self._gate, "2:", "tbf", *gate))
        if kbps:
            self._change("rate", self._class("change", _rate(kbps)))
            limit = ("limit", str(self._queue_bytes(kbps)))
            self._change("queue", self._qdisc("change", ("parent", "3:1"), "4:", "bfifo", *limit))
        if self._has_netem:
            self._change("netem", self._qdisc("change", ("root",), "1:", "netem", *self._netem(now)))
        if opened and kbps:
            # The kernel looks at the queue again when a packet comes: this one, where all senders wait.
            with contextlib.suppress(OSError):
                send_broadcast(self._namespace, self.interface)

    def follow(self, stop: threading.Event) -> None:
        """Follow the profile's schedule, which starts now, until `stop`. Blocks.

        Raises:
            InputError: the interface cannot be shaped any more.
        """
        start, ticks = time.monotonic(), 0
        while not stop.wait(start + ticks * TICK - time.monotonic()):
            self.apply(ticks * TICK)
            # A tick that was missed is gone: the schedule goes by the clock.
            ticks = max(ticks + 1, math.floor((time.monotonic() - start) / TICK))

    def clear(self) -> None:
        """Leave the interface as the system makes it."""
        succeeds(*self._tc, "qdisc", "delete", "dev", self.interface, "root")

    def __enter__(self) -> "Shaper":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def _kbps(self, now: float) -> float:
        """The mean of the next tick, so that no step within it is lost; 0 is an outage."""
        kbit = self.profile.capacity.kbit(now, now + TICK)
        if 0 < kbit < _PACKET_KBIT:
            # htb sends a packet and then waits the time that it takes at the rate of that moment. Where it
            # takes longer than the tick, that is the mean of the time that it really takes.
            return _PACKET_KBIT / (self.profile.capacity.finish(now, _PACKET) - now)
        return min(kbit / TICK, _UNLIMITED_KBPS)

    def _change(self, what: str, command: tuple[str, ...]) -> bool:
        """Run a command, unless it was the last of its kind."""
        if self._applied.get(what) == command:
            return False
        run_tool(*command)
        self._applied[what] = command
        return True

    def _qdisc(self, verb: str, parent: tuple[str, ...], handle: str, *kind: str) -> tuple[str, ...]:
        return (*self._tc, "qdisc", verb, "dev", self.interface, *parent, "handle", handle, *kind)

    def _class(self, verb: str, rate: tuple[str, ...]) -> tuple[str, ...]:
        place = ("dev", self.interface, "parent", "3:", "classid", "3:1")
        return (*self._tc, "class", verb, *place, "htb", *rate)

    def _queue_bytes(self, kbps: float) -> int:
        by_time = math.inf
        if self.profile.queue_ms is not None:
            by_time = max(2 * _PACKET, self.profile.queue_ms * kbps / 8)
        by_size = math.inf if self.profile.queue_bytes is None else self.profile.queue_bytes
        return int(min(by_time, by_size, 2**31 - 1))

    def _netem(self, now: float) -> tuple[str, ...]:
        """tc-netem(8). A jitter of ours delays by 0 to J, netem's by ±J/2 around the delay."""
        profile = self.profile
        delay, jitter = 1000 * profile.delay_at(now), profile.jitter_ms
        options = ["limit", _DELAY_LINE, "delay", f"{delay + jitter / 2:.3f}ms", f"{jitter / 2:.3f}ms"]
        if not profile.reorder:
            # With a rate, netem counts the delay from the packet before, so none overtakes.
            options += ["rate", "10gbit"]
        if profile.burst is not None:
            burst = profile.burst
            model = (burst.enter, burst.leave, burst.loss, profile.loss)
            options += ["loss", "gemodel", *map(_percent, model)]
        elif profile.loss:
            options += ["loss", "random", _percent(profile.loss)]
        if profile.duplicate:
            options += ["duplicate", _percent(profile.duplicate)]
        return tuple(options)


def _rate(kbps: float) -> tuple[str, ...]:
    bit_per_s = max(8, round(kbps * 1000))
    burst = str(max(1, round(bit_per_s / 8 * _BURST_SECONDS)))
    return ("rate", f"{bit_per_s}bit", "burst", burst, "cburst", burst, "quantum", str(_PACKET))


def _percent(probability: float) -> str:
    return f"{100 * probability:g}%"
