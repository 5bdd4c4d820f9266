"""Link profiles: what a link does to the traffic on it, as a small YAML file."""

from typing import Annotated

from msgspec import Meta

from edgesr_ros import resources, schema
from edgesr_ros.link.capacity import Schedule

Probability = Annotated[float, Meta(ge=0, le=1)]
Milliseconds = Annotated[float, Meta(ge=0, le=60_000)]


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


class LinkProfile(schema.Struct):
    """One direction of a link.

    Attributes:
        description: one line for whoever chooses a profile.
        capacity: kbps over time.
        delay_ms: propagation, added to the time that a frame takes to be sent.
        jitter_ms: a further delay, uniform between 0 and this; order is kept.
        loss: probability that a packet is lost.
        burst: losses that come together.
        queue_bytes: what waits at the sender's side of the link; a frame that does not fit is dropped.
    """

    description: str
    capacity: Schedule
    delay_ms: Milliseconds = 0.0
    jitter_ms: Milliseconds = 0.0
    loss: Probability = 0.0
    burst: Burst | None = None
    queue_bytes: Annotated[int, Meta(gt=0)] = 65_536

    def kbps_at(self, t: float) -> float | None:
        """Capacity `t` seconds after the start; null where there is no limit."""
        return self.capacity.kbps_at(t)


def read_profile(name_or_path: str) -> LinkProfile:
    """A shipped profile (config/links) by its name, or a profile file by its path.

    Raises:
        InputError: no such profile, or a key is missing, unknown or out of range; names file and key.
    """
    return schema.read_yaml(resources.find("config/links", name_or_path, ".yaml"), LinkProfile)
