"""Several cameras under one observer, with real nodes."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed: make test installs it")

from benchmarks.claims.idle import SENT
from benchmarks.harness.camera import compressed
from benchmarks.harness.running import give_real_time, observed
from edgesr_ros.nodes.messages import to_time
from edgesr_ros.nodes.node import COMPRESSED

FRAME = compressed(np.full((48, 64, 3), 90, np.uint8))
LINK = {"profile": "unlimited"}


@pytest.mark.usefixtures("ros_domain")
def test_cameras_on_one_link_are_told_apart() -> None:
    with observed(("camera_1", "camera_2")) as chain:
        chain.start("link_emulator", LINK)
        chain.wait_for_nodes()
        assert chain.pids().keys() == {"link_emulator"}
        observer = chain.observer
        second = observer.screens["camera_2"].received
        publisher = observer.node.create_publisher(
            SENT.kind, "/robot/camera_2/image_lr/compressed", COMPRESSED
        )

        def arrived() -> bool:
            FRAME.header.stamp = to_time(time.time_ns())
            publisher.publish(FRAME)
            return len(second) > 0

        chain.wait(arrived, "a frame")
        first = len(second)
        chain.wait(lambda: observer.count("link_emulator", "frames_out") >= first, "its count")
        assert observer.screens["camera_1"].received == []
        assert second[0].age_ms >= 0


@pytest.mark.usefixtures("ros_domain")
def test_the_rate_of_a_counter_is_that_since_it_was_asked_to_forget(monkeypatch: pytest.MonkeyPatch) -> None:
    with observed() as chain:
        chain.start("link_emulator", LINK)
        chain.wait_for_nodes()
        observer = chain.observer
        publisher = observer.node.create_publisher(SENT.kind, SENT.topic, COMPRESSED)

        def counted() -> int:
            publisher.publish(FRAME)  # again: what is sent before both have found each other is lost
            return observer.count("link_emulator", "frames_in")

        chain.wait(counted, "its count")
        chain.spin(1.0)  # until what is on its way is counted
        observer.forget_stages()
        chain.spin(2.5)
        assert observer.rate("link_emulator", "frames_in") == 0
        messages: list[int] = []

        def now() -> float:
            """A second a message, however late it is."""
            messages.append(len(messages))
            return float(messages[-1])

        before = observer.count("link_emulator", "frames_in")
        monkeypatch.setattr(observer, "now", now)
        observer.forget_stages()
        chain.wait(lambda: messages, "its diagnostics")
        while len(messages) < 4:
            publisher.publish(FRAME)
            chain.spin(0.05)
        grown = observer.count("link_emulator", "frames_in") - before
        assert grown > 0
        assert observer.rate("link_emulator", "frames_in") == pytest.approx(grown / messages[-1])


def test_real_time_priority_is_for_every_thread_or_refused() -> None:
    script = (
        "import threading, time; threading.Thread(target=time.sleep, args=[60], daemon=True).start(); print()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", f"{script}; input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        expected = os.SCHED_FIFO if give_real_time(process.pid) else os.SCHED_OTHER
        threads = [int(thread.name) for thread in Path(f"/proc/{process.pid}/task").iterdir()]
        assert len(threads) == 2
        assert {os.sched_getscheduler(thread) for thread in threads} == {expected}
        process.communicate(b"\n")
