"""When a message came, however late its callback."""

import time

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed: make test installs it")

from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from ros_bench import TIMEOUT
from std_msgs.msg import Bool

from edgesr_ros.nodes.inputs import Input, Way
from edgesr_ros.nodes.messages import arrival_ns
from edgesr_ros.nodes.node import FRAMES

MS = 1_000_000


@pytest.mark.ros
def test_a_message_came_when_the_middleware_had_it(ros_domain: int) -> None:
    context = Context()
    context.init(domain_id=ros_domain)
    node, executor = Node("listener", context=context), SingleThreadedExecutor(context=context)
    executor.add_node(node)
    came: list[int] = []
    heard = Input(node, "said", {Bool: Way(lambda _: came.append(heard.arrival_ns), FRAMES)})
    heard.refresh()
    said, deadline = node.create_publisher(Bool, "said", FRAMES), time.monotonic() + TIMEOUT
    busy_from = 0
    while not (came and came[-1] < busy_from):
        assert time.monotonic() < deadline
        before = time.monotonic_ns()
        said.publish(Bool())
        time.sleep(0.05)  # no callback is called meanwhile
        busy_from = time.monotonic_ns()
        executor.spin_once(timeout_sec=0.05)
    assert came[-1] >= before - MS  # two clocks are read
    executor.shutdown()
    node.destroy_node()
    context.try_shutdown()


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ({"received_timestamp": 70 * MS}, 480 * MS),
        ({"received_timestamp": 0}, 500 * MS),  # the middleware does not tell
        ({}, 500 * MS),
        ({"received_timestamp": 91 * MS}, 500 * MS),  # the system's clock was set back
    ],
)
def test_what_the_middleware_does_not_tell_came_just_now(info: dict[str, int], expected: int) -> None:
    assert arrival_ns(info, now_ns=500 * MS, system_ns=90 * MS) == expected
