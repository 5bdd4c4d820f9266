"""What was published before we came, of a publisher that keeps it for who comes late (TRANSIENT_LOCAL).

A subscription that asks for it hears no publisher that does not keep anything, which is nearly every camera,
and both sides then warn of incompatible policies. So it is made beside the usual one, where a publisher that
keeps its last message has been found, and lasts until there is a message.
"""

from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.subscription import Subscription


class Latched:
    """Hands on the first message, by whichever way it comes, and all later ones of the usual subscription.

    Args:
        node: subscribes.
        qos: with which what is kept can be had.
        callback: takes the messages.
    """

    def __init__(self, node: Node, qos: QoSProfile, callback: Callable[[Any], None]) -> None:
        self._node, self._qos, self._callback = node, qos, callback
        self._subscription: Subscription | None = None
        self._heard = False
        self._kept: Any = None  # the header of what was kept, until the usual subscription brings something

    def on_message(self, message: Any) -> None:
        """The usual subscription's callback."""
        kept, self._kept = self._kept, None
        self._stop()
        if kept is None or kept != message.header:  # both bring what is published just then
            self._callback(message)

    def look(self, usual: Subscription | None) -> None:
        """Ask for what is kept if that can help; the node calls it now and then."""
        if usual is None:  # nobody needs messages: when somebody does, it begins anew
            self._stop()
            self._heard = False
        elif not self._heard and self._subscription is None and self._is_kept(usual.topic_name):
            self._subscription = self._node.create_subscription(
                usual.msg_type, usual.topic_name, self._on_kept, self._qos
            )

    def _is_kept(self, topic: str) -> bool:
        publishers = self._node.get_publishers_info_by_topic(topic)
        return any(found.qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL for found in publishers)

    def _on_kept(self, message: Any) -> None:
        if not self._heard:
            self._stop()
            self._kept = message.header
            self._callback(message)

    def _stop(self) -> None:
        self._heard = True
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None
