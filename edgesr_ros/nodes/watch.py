"""What is wrong although nothing fails: inputs that bring nothing, or nothing of use; with reason and remedy.

Knows no ROS node: what is judged is handed in, so that each rule is a test without DDS.
"""

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from diagnostic_msgs.msg import DiagnosticStatus

from edgesr_ros.control.delay import RunningMean
from edgesr_ros.quality.summary import DROPPED

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR

PATIENCE = 1.5  # s without a publisher, a message or a change until that is worth a word
_MISSED = 3.0  # periods of a slow input that may pass without a message
_FEW = 2  # repeated pictures, or frames of which none was of use, are chance
_MEMORY = 3  # judgements that the share of useless frames is taken over

# Why a frame went no further, where that is a fault, and what can be done; the other reasons are the plan.
_REMEDIES = {
    "malformed": "look at what publishes them, and at its format",
    "failed": "see the log; another model or backend may do",
    "recovering": "the link loses much: set parameter ladder of onboard to webp, whose frames stand alone",
    "out_of_order": "see that there is one sender, and that its stamps go forwards",
    "duplicate": "see that there is one sender, and that it stamps its frames",
}


class Finding(NamedTuple):
    """Something to tell the operator.

    Attributes:
        level: one of DiagnosticStatus.
        about: what it is about; the same while it lasts, so that it is logged once.
        text: reason and remedy, one line.
    """

    level: bytes
    about: str
    text: str


class Source(NamedTuple):
    """A publisher of an input's topic: name of its node, type of its messages, why it cannot be heard."""

    node: str
    kind: str
    refused: str = ""


class Arrivals:
    """When the messages of an input came, and whether they differ. Times are seconds on a steady clock."""

    def __init__(self) -> None:
        self.last: float | None = None
        self.changed = 0.0  # when the first of the newest, equal ones came
        self.repeated = 0  # how many are equal to the one before, without a break
        self._period = RunningMean()
        self._data: Any = None

    def arrived(self, now: float, data: Any = None) -> None:
        """A message came; `data` is compared with the one before if given."""
        if self.last is not None:
            self._period.add(now - self.last)
        self.last = now
        if data is not None and len(data) and data == self._data:
            self.repeated += 1
        else:
            self.changed, self.repeated = now, 0
        self._data = data

    @property
    def patience(self) -> float:
        """Seconds without a message that are nothing special, by the input's own rate."""
        return max(PATIENCE, _MISSED * (self._period.mean or 0.0))


class Seen(NamedTuple):
    """What is known of an input.

    Attributes:
        topic: its full name.
        kinds: types that it takes, as `sensor_msgs/msg/Image`.
        sources: who publishes the topic.
        since: s, when it was subscribed; None: it is not, for nobody listens to what is made of it.
        optional: it may go without a publisher.
        shared: it may have several.
        arrivals: of its messages.
        others: topics of these types that somebody publishes.
    """

    topic: str
    kinds: Sequence[str]
    sources: Sequence[Source]
    since: float | None
    optional: bool
    shared: bool
    arrivals: Arrivals
    others: Sequence[str] = ()

    @property
    def fitting(self) -> list[str]:
        """Nodes that publish a type that it takes."""
        return sorted(source.node for source in self.sources if source.kind in self.kinds)


def _wrong_type(seen: Seen, now: float) -> Finding | None:
    del now
    wrong = [source for source in seen.sources if source.kind not in seen.kinds]
    if not wrong:
        return None
    text = (
        f"{seen.topic}: {wrong[0].node} publishes {wrong[0].kind}, expected {' or '.join(seen.kinds)}; "
        "remap one of the two to another topic"
    )
    return Finding(WARN if seen.fitting else ERROR, f"{seen.topic} type", text)


def _refused(seen: Seen, now: float) -> Finding | None:
    del now
    for source in seen.sources:
        if source.kind in seen.kinds and source.refused:
            text = (
                f"{seen.topic}: nothing can come from {source.node} ({source.refused}); set both alike by "
                "the qos_overrides parameters"
            )
            return Finding(ERROR, f"{seen.topic} QoS", text)
    return None


def _nobody(seen: Seen, now: float) -> Finding | None:
    if seen.optional or seen.sources or seen.since is None or now - seen.since < PATIENCE:
        return None
    there = f"; there is {', '.join(seen.others)}" if seen.others else ""
    text = (
        f"{seen.topic}: no publisher yet; start it, or see topic name, namespace and ROS_DOMAIN_ID of both"
        f"{there}"
    )
    return Finding(WARN, f"{seen.topic} publisher", text)


def _several(seen: Seen, now: float) -> Finding | None:
    del now
    if seen.shared or len(seen.fitting) < 2:
        return None
    text = (
        f"{seen.topic}: {len(seen.fitting)} publishers ({', '.join(seen.fitting)}), expected one; stop the "
        "others, or give each a namespace"
    )
    return Finding(WARN, f"{seen.topic} publishers", text)


def _silent(seen: Seen, now: float) -> Finding | None:
    if seen.optional or not seen.fitting or seen.since is None:
        return None
    quiet = now - (seen.since if seen.arrivals.last is None else max(seen.since, seen.arrivals.last))
    if quiet < seen.arrivals.patience:
        return None
    text = (
        f"{seen.topic}: nothing for {quiet:.0f} s from {seen.fitting[0]}, which is there; see whether it "
        "hangs, waits for its own input, or is cut off"
    )
    return Finding(WARN, f"{seen.topic} silence", text)


def _still(seen: Seen, now: float) -> Finding | None:
    del now
    lasted = (seen.arrivals.last or 0.0) - seen.arrivals.changed
    if seen.arrivals.repeated < _FEW or lasted < PATIENCE:
        return None
    text = (
        f"{seen.topic}: the same picture for {lasted:.0f} s, to the last bit: the camera or its driver "
        "stands still; restart it"
    )
    return Finding(WARN, f"{seen.topic} still", text)


_RULES = (_wrong_type, _refused, _nobody, _several, _silent, _still)


def judge_input(seen: Seen, now: float) -> list[Finding]:
    """What is wrong with an input at `now`, s."""
    return [finding for rule in _RULES if (finding := rule(seen, now)) is not None]


class Yield:
    """Judges whether frames come to anything, by the counters of a node."""

    def __init__(self) -> None:
        self._before: deque[Mapping[str, int]] = deque([{}], maxlen=_MEMORY)

    def judge(self, counts: Mapping[str, int], reason: str) -> list[Finding]:
        """To be called at even intervals.

        Args:
            counts: since the node's start: frames_in, frames_out, dropped.<reason>.
            reason: what was wrong with the last frame that could not be used; empty: nothing yet.
        """
        new = Counter(counts)
        new.subtract(self._before[0])
        self._before.append(dict(counts))
        faults = {name: new[DROPPED + name] for name in _REMEDIES if new[DROPPED + name] > 0}
        useless, came = sum(faults.values()), new["frames_in"]
        if useless < _FEW or 2 * useless <= came:
            return []
        worst = max(faults, key=lambda name: faults[name])
        why = f" ({reason})" if reason and worst in ("malformed", "failed") else ""
        text = f"{useless} of the last {came} frames were of no use, {worst}{why}: {_REMEDIES[worst]}"
        return [Finding(WARN if new["frames_out"] > 0 else ERROR, "frames", text)]
