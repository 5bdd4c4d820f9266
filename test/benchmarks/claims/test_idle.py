"""Start and idleness of the nodes, and several robots under one observer, with real nodes."""

import time

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed: make test installs it")

from benchmarks.claims.idle import RECEIVED, SENT, Candidate, idle_rows, start_seconds
from benchmarks.claims.path_tables import idle_table
from benchmarks.harness.camera import compressed
from benchmarks.harness.evidence import IdleResult, IdleRow, Machine, StartRow
from benchmarks.harness.running import observed
from edgesr_ros.errors import InputError
from edgesr_ros.nodes.messages import to_time
from edgesr_ros.nodes.node import COMPRESSED

FRAME = compressed(np.full((48, 64, 3), 90, np.uint8))
LINK = {"profile": "unlimited"}


@pytest.mark.usefixtures("ros_domain")
def test_a_start_ends_with_the_first_message() -> None:
    seconds = start_seconds(Candidate("link_emulator", LINK, RECEIVED, SENT, FRAME), stay=0.2)
    assert 0.05 < seconds < 20  # a process starts, no more


@pytest.mark.usefixtures("ros_domain")
def test_a_node_that_fails_to_start_is_an_error() -> None:
    with pytest.raises(InputError, match=r"link_emulator failed: .*no_such_link"):
        start_seconds(Candidate("link_emulator", {"profile": "no_such_link"}, RECEIVED, SENT, FRAME))


@pytest.mark.usefixtures("ros_domain")
def test_robots_are_told_apart() -> None:
    with observed(("camera_1", "camera_2")) as chain:
        chain.start("link_emulator", LINK)
        chain.wait_for_nodes()
        assert chain.pids().keys() == {"camera_1/link_emulator", "camera_2/link_emulator"}
        observer = chain.observer
        second = observer.screens["camera_2"].received
        publisher = observer.node.create_publisher(
            SENT.kind, "/camera_2/robot/image_lr/compressed", COMPRESSED
        )

        def arrived() -> bool:
            FRAME.header.stamp = to_time(time.time_ns())
            publisher.publish(FRAME)
            return len(second) > 0

        chain.wait(arrived, "a frame")
        first = len(second)
        chain.wait(lambda: observer.count("link_emulator", "frames_out") >= first, "its count")
        assert observer.screens["camera_1"].received == []
        assert observer.value("camera_1/link_emulator", "frames_in") is None
        assert second[0].age_ms >= 0


@pytest.mark.usefixtures("ros_domain")
def test_the_rate_of_a_counter_is_that_since_it_was_asked_to_forget() -> None:
    with observed() as chain:
        chain.start("link_emulator", LINK)
        chain.wait_for_nodes()
        observer = chain.observer
        publisher = observer.node.create_publisher(SENT.kind, SENT.topic, COMPRESSED)
        chain.wait(publisher.get_subscription_count, "the link")
        publisher.publish(FRAME)
        chain.wait(lambda: observer.count("link_emulator", "frames_in"), "its count")
        observer.forget_stages()
        chain.spin(2.5)
        assert observer.rate("link_emulator", "frames_in") == 0
        before, began = observer.count("link_emulator", "frames_in"), time.monotonic()
        observer.forget_stages()
        while time.monotonic() < began + 3.5:
            publisher.publish(FRAME)
            chain.spin(0.05)
        assert observer.count("link_emulator", "frames_in") > before
        assert 5 < observer.rate("link_emulator", "frames_in") < 21  # sent at 20 Hz at most


@pytest.mark.usefixtures("ros_domain")
def test_nodes_that_nobody_listens_to_are_idle() -> None:
    (row,) = idle_rows([Candidate("onboard", {}, SENT)], seconds=1.0)
    assert row.node == "onboard"
    assert row.core_share < 0.5
    assert row.resident_mb > 10


def test_the_goals_stand_below_the_nodes() -> None:
    nodes = ("onboard", "frame_player")
    text = idle_table(
        IdleResult(
            machine=Machine(cpu="a CPU", cores=2),
            camera="a camera",
            starts=[StartRow(node=node, starts=3, p50_s=0.5, max_s=0.75) for node in nodes],
            idle_seconds=20.0,
            idle=[IdleRow(node=node, core_share=0.012, resident_mb=99.6) for node in nodes],
        )
    )
    assert "| `onboard` | 0.50 (0.75) | 1.2% | 100 |" in text
    assert "| `frame_player` | 0.50 (0.75) | 1.2% (it publishes) | 100 |" in text
    assert text.endswith("| goal | ≤ 2 | ≤ 2% |  |")
