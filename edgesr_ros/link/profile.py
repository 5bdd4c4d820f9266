"""Link profiles: what a link does to the traffic on it, as a small YAML file."""

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from edgesr_ros import resources, schema
from edgesr_ros.errors import InputError
from edgesr_ros.link.capacity import Capacity, Interrupted, Outage, Schedule
from edgesr_ros.link.trace import SUFFIXES, read_trace

Probability = Annotated[float, Meta(ge=0, le=1)]
Milliseconds = Annotated[float, Meta(ge=0, le=60_000)]

QUEUE_BYTES = 65_536  # where a profile says nothing of its queue


class Burst(schema.Struct):
    """Losses that come together: the Gilbert–Elliott model, a good and a bad state, stepped by each packet.

    Gilbert 1960, Elliott 1963; `tc netem loss gemodel` has the same parameters (p, r, 1-h). The profile's
    `loss` is the loss of the good state (1-k).

    Attributes:
        enter: probability that a packet finds the link turned from good to bad; 1/enter is the mean
            number of packets between bursts.
        leave: probability that it turns back; 1/leave is the mean length of a burst in packets.
        loss: probability that a packet is lost in the bad state.
    """

    enter: Probability
    leave: Probability
    loss: Probability = 1.0


class _Behaviour(schema.Struct):
    """What a link does besides carrying so much."""

    description: str
    delay_ms: Milliseconds = 0.0
    jitter_ms: Milliseconds = 0.0
    reorder: bool = False
    loss: Probability = 0.0
    burst: Burst | None = None
    duplicate: Probability = 0.0
    queue_bytes: Annotated[int, Meta(gt=0)] | None = None
    queue_ms: Annotated[float, Meta(gt=0, le=60_000)] | None = None

    def __post_init__(self) -> None:
        if self.queue_bytes is None and self.queue_ms is None:
            msgspec.structs.force_setattr(self, "queue_bytes", QUEUE_BYTES)


class LinkProfile(_Behaviour, kw_only=True):
    """One direction of a link.

    What is sent are packets; a message of several arrives whole or not at all, see `Channel` (packets.py).
    Bytes and capacity are those of whole Ethernet frames, headers included, in the emulator as in the kernel:
    a message of 8000 bytes takes 8212.

    Attributes:
        description: one line for whoever chooses a profile.
        capacity: kbps over time.
        delay_ms: propagation, added to the time that a packet takes to be sent and to what a trace says.
        jitter_ms: a further delay, uniform between 0 and this, of each packet; order is kept.
        reorder: a packet with less delay may overtake those before it after all.
        loss: probability that a packet is lost.
        burst: losses that come together.
        duplicate: probability that a message arrives a second time.
        queue_bytes: packets that wait at the sender's side of the link, with all their bytes; one that does
            not fit is dropped. 64 KiB where the profile says neither this nor queue_ms; null is no bound.
        queue_ms: a packet that would wait longer than this before the link begins with it is dropped.
    """

    capacity: Capacity

    def kbps_at(self, t: float) -> float | None:
        """Capacity `t` seconds after the start; null where there is no limit."""
        return self.capacity.kbps_at(t)

    def delay_at(self, t: float) -> float:
        """Propagation of what is sent `t` seconds after the start, s, without jitter."""
        return self.delay_ms / 1000 + self.capacity.delay_at(t)


class _ProfileFile(_Behaviour):
    """A profile as it is written.

    Attributes:
        capacity: the schedule, or instead of it
        trace: a recording, by a path from the profile's folder; see `read_trace`.
        trace_start: second of the recording at which the link starts.
        outages: when nothing goes through, in order, whatever the schedule or recording says.
    """

    capacity: Schedule | None = None
    trace: str | None = None
    trace_start: Annotated[float, Meta(ge=0, le=1e9)] = 0.0
    outages: tuple[Outage, ...] = ()


def read_profile(name_or_path: str) -> LinkProfile:
    """A shipped profile (config/links) by its name, a profile file by its path, or a trace by its path.

    A trace alone is a link of that capacity and delay, with a queue of 64 KiB and without loss.

    Raises:
        InputError: no such profile, or a key is missing, unknown or out of range; names file and key.
    """
    path = resources.find("config/links", name_or_path, ".yaml")
    if path.suffix in SUFFIXES:
        return LinkProfile(description=f"recording {path.stem}", capacity=read_trace(path))
    written = schema.read_yaml(path, _ProfileFile)
    capacity = _capacity(path, written)
    return LinkProfile(
        capacity=capacity, **{key: getattr(written, key) for key in _Behaviour.__struct_fields__}
    )


def _capacity(path: Path, written: _ProfileFile) -> Capacity:
    if (written.capacity is None) == (written.trace is None):
        raise InputError(f"{path}: expected either `capacity` or `trace`")
    capacity: Capacity
    if written.capacity is not None:
        capacity = written.capacity
    else:
        trace = path.parent / Path(str(written.trace)).expanduser()
        if not trace.is_file():
            raise InputError(f"{path}: trace: {trace}: no such file")
        capacity = read_trace(trace, written.trace_start)
    try:
        return Interrupted(capacity, written.outages) if written.outages else capacity
    except ValueError as error:
        raise InputError(f"{path}: {error}") from None
