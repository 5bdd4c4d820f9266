"""A node's subscriptions: they come and go with who listens, take the type that is there, and are watched."""

import time
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import Any, NamedTuple

from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSCompatibility, QoSProfile, qos_check_compatible
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.subscription import Subscription

from edgesr_ros.nodes.latched import Latched
from edgesr_ros.nodes.messages import arrival_ns
from edgesr_ros.nodes.watch import Arrivals, Finding, Seen, Source, judge_input

_COMPRESSED = "/compressed"  # how image_transport ends the name of a CompressedImage topic
_NAMED = 3  # other topics, at most, that are named where an input has no publisher


class Way(NamedTuple):
    """How messages of a type are taken."""

    callback: Callable[[Any], None]
    qos: QoSProfile  # that is requested; `qos_overrides` parameters replace it


class Input:
    """A subscription that comes and goes with those who listen to what is made of it.

    Args:
        node: whose it is.
        topic: its name, before remapping.
        ways: by type of message. Where there are several, the type that somebody publishes is subscribed;
            before anybody does, CompressedImage if the name ends with `/compressed`, else the first.
        while_heard: it lasts as long as one of these has listeners; none: always.
        raw: callbacks take serialized messages.
        optional: it may go without a publisher.
        shared: it may have several.
        moving: two messages in turn are not expected to hold the same `data`.
        latched: with which what was published before can be had, where its publisher keeps it; None: only
            what comes is wanted.

    Attributes:
        topic: its name, after remapping.
        arrival_ns: when the middleware had the message that a callback is at, on the monotonic clock.
    """

    def __init__(
        self,
        node: Node,
        topic: str,
        ways: Mapping[type, Way],
        *,
        while_heard: Sequence[Publisher] = (),
        raw: bool = False,
        optional: bool = False,
        shared: bool = False,
        moving: bool = False,
        latched: QoSProfile | None = None,
    ) -> None:
        self.topic = node.resolve_topic_name(topic)
        self.arrival_ns = 0
        self._node, self._name, self._ways = node, topic, ways
        self._while_heard, self._raw, self._moving = while_heard, raw, moving
        self._optional, self._shared = optional, shared
        self._kinds = {_name_of(kind): kind for kind in ways}
        self._subscription: Subscription | None = None
        self._kind: type | None = None  # that is subscribed
        self._latched = latched
        self._kept: Latched | None = None  # of this subscription
        self._since = 0.0
        self._arrivals = Arrivals()

    def has_publisher(self) -> bool:
        """Whether somebody publishes it, as far as we have subscribed."""
        return self._subscription is not None and self._subscription.get_publisher_count() > 0

    def refresh(self) -> None:
        """Subscribe, or leave it, as it is wanted now."""
        heard = not self._while_heard or any(p.get_subscription_count() for p in self._while_heard)
        kind = self._wanted_kind() if heard else None
        if kind is self._kind:
            return
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
        if self._kept is not None:
            self._kept.look(None)
        self._kind = kind
        self._subscription = None if kind is None else self._subscribe(kind)
        self._since, self._arrivals = time.monotonic(), Arrivals()

    def judge(self) -> list[Finding]:
        """What is wrong with it now."""
        if self._kept is not None:
            self._kept.look(self._subscription)
        sources = self._sources()
        seen = Seen(
            self.topic,
            list(self._kinds),
            sources,
            None if self._subscription is None else self._since,
            self._optional,
            self._shared,
            self._arrivals,
            [] if sources or self._optional else self._others(),
        )
        return judge_input(seen, time.monotonic())

    def _subscribe(self, kind: type) -> Subscription:
        way = self._ways[kind]

        def noted(message: Any, info: Mapping[str, int]) -> None:
            self.arrival_ns = arrival_ns(info, time.monotonic_ns(), time.time_ns())
            self._arrivals.arrived(time.monotonic(), message.data if self._moving else None)
            way.callback(message)

        self._kept = None
        if self._latched is not None:
            self._kept = Latched(self._node, self._latched, lambda message: noted(message, {}))
        return self._node.create_subscription(
            kind,
            self._name,
            noted if self._kept is None else self._kept.on_message,
            copy(way.qos),  # rclpy writes the overrides into the profile that it is given
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
            raw=self._raw,
            # `judge` says who does not fit and why; rclpy's handlers would be looked at in each round.
            event_callbacks=SubscriptionEventCallbacks(use_default_callbacks=False),
        )

    def _wanted_kind(self) -> type:
        kinds = list(self._kinds.values())
        if len(kinds) == 1:
            return kinds[0]
        there = {source.kind for source in self._sources()}
        present = [kind for name, kind in self._kinds.items() if name in there]
        if self._kind in (present or kinds):
            return self._kind
        if present:
            return present[0]
        named = [kind for name, kind in self._kinds.items() if name.endswith("CompressedImage")]
        return named[0] if named and self.topic.endswith(_COMPRESSED) else kinds[0]

    def _sources(self) -> list[Source]:
        """Who publishes the topic, and why it cannot be heard if that is so."""
        found = []
        for info in self._node.get_publishers_info_by_topic(self._name):
            node = f"{info.node_namespace.rstrip('/')}/{info.node_name}"
            refused = ""
            if self._subscription is not None and info.topic_type in self._kinds:
                fit, reason = qos_check_compatible(info.qos_profile, self._subscription.qos_profile)
                refused = reason if fit == QoSCompatibility.ERROR else ""
            found.append(Source(node, info.topic_type, refused.strip().rstrip(";")))
        return found

    def _others(self) -> list[str]:
        """Topics that somebody publishes and that would do."""
        fitting = [
            topic
            for topic, kinds in self._node.get_topic_names_and_types()
            if topic != self.topic and not self._kinds.keys().isdisjoint(kinds)
        ]
        own = {publisher.topic_name for publisher in self._node.publishers}
        return [topic for topic in fitting if topic not in own and self._node.count_publishers(topic)][
            :_NAMED
        ]


def _name_of(kind: type) -> str:
    """As the graph calls a type: `sensor_msgs/msg/Image`."""
    package, folder, *_ = kind.__module__.split(".")
    return f"{package}/{folder}/{kind.__name__}"
