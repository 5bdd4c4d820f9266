"""Publishes frames of a size at a rate, or prints what it hears of them: one side of a link in the kernel."""

import sys
import time
from array import array

import rclpy
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage

# Deep, so that a listener who has to wait for the processor loses nothing that the link has carried.
QOS = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=100, reliability=ReliabilityPolicy.BEST_EFFORT)


def talk(count: int, rate_hz: float, size: int) -> None:
    node = rclpy.create_node("talker")
    publisher = node.create_publisher(CompressedImage, "frames", QOS)
    while publisher.get_subscription_count() == 0:
        time.sleep(0.05)
    time.sleep(1.0)  # until the other side has found us too
    due = time.monotonic()
    for _ in range(count):
        # One clock for both sides: they are on one machine.
        message = CompressedImage(format=str(time.monotonic()), data=array("B", bytes(size)))
        publisher.publish(message)
        now = time.monotonic()
        # What a busy machine makes late is not made up for: it would come as a burst.
        due = max(due + 1 / rate_hz, now)
        time.sleep(due - now)


def hear(silence: float) -> None:
    """Until nothing has come for a while after something has."""
    node = rclpy.create_node("listener")
    heard: list[tuple[float, float]] = []

    def on_frame(message: CompressedImage) -> None:
        now = time.monotonic()
        heard.append((now, now - float(message.format)))

    node.create_subscription(CompressedImage, "frames", on_frame, QOS)
    while not heard or time.monotonic() < heard[-1][0] + silence:
        rclpy.spin_once(node, timeout_sec=0.1)
    for _, age in heard:
        print(f"{age:.4f}")


if __name__ == "__main__":
    rclpy.init()
    if sys.argv[1] == "talk":
        talk(int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
    else:
        hear(float(sys.argv[2]))
    rclpy.shutdown()
