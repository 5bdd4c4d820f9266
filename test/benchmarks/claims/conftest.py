"""What tests of claims share: results in their envelope, rows of the chain, models and pictures."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from edgesr_ros import resources
from edgesr_ros.sources.files import write_image
from edgesr_ros.upscaling.card import read_card, write_card


@pytest.fixture
def chain_row():
    """A row of the chain, made of what is given and usual figures."""
    pytest.importorskip("rclpy", reason="ROS 2 is not installed: make test installs it")
    from benchmarks.harness.chain import ChainRow
    from benchmarks.harness.observer import StageTime
    from benchmarks.harness.usage import NodeUsage

    usage = NodeUsage(
        cpu_ms_per_picture=10.0,
        core_share=0.25,
        resident_mb_settled=100.0,
        resident_mb_last=101.0,
        resident_mb_max=103.0,
        resident_mb_deviation=3.0,
        resident_mb_per_minute=0.5,
    )
    time = StageTime(mean=2.0, max=5.0)
    stages = ("onboard: encode", "ground_station: upscale", "ground_station: publish")

    def make(nodes=("onboard", "ground_station", "frame_player"), **changes):
        fields = {
            "camera": "640x480 at 25 Hz",
            "cameras": 1,
            "link": "unlimited",
            "onboard": {"ladder": "none"},
            "ground_station": {},
            "model": "net_x4",
            "seconds": 12.0,
            "warm_up_seconds": 3.0,
            "bytes_per_frame": 3000,
            "fps_asked": 25.0,
            "fps_camera": 25.0,
            "fps_shown": 25.0,
            "age_received_p50_ms": 9.0,
            "age_received_p95_ms": 11.0,
            "age_p50_ms": 30.0,
            "age_p95_ms": 40.0,
            "age_p99_ms": 50.0,
            "out_of_order": 0,
            "frames_sent": 300,
            "frames_received": 300,
            "frames_published": 300,
            "frames_shown": 300,
            "dropped": {},
            "stages_ms": dict.fromkeys(stages, time),
            "machine_share": 0.25,
            "cameras_share": 0.125,
            "nodes": dict.fromkeys(nodes, usage),
        }
        return ChainRow(**fields | changes)

    return make


@pytest.fixture
def enveloped():
    """Settings and rows as a claim's results."""
    from benchmarks.harness.evidence import Machine

    def make(claim, settings, rows):
        return claim.result(
            machine=Machine(cpu="a CPU", cores=2),
            revision="abc1234",
            command=f"python -m {claim.module}",
            settings=settings,
            rows=rows,
        )

    return make


@pytest.fixture
def kept():
    """Whether each goal of a claim is kept, by its name."""
    return lambda claim, result: {goal.name: goal.met(result) for goal in claim.goals}


@pytest.fixture
def picture():
    """(480, 640, 3) uint8 with something to encode."""
    rng = np.random.default_rng(5)
    return cv2.resize(rng.integers(0, 255, (30, 40, 3), np.uint8), (640, 480), interpolation=cv2.INTER_CUBIC)


@dataclass
class Folder:
    """Model files of the test's own."""

    path: Path

    def add(self, source: str, name: str, **changes: object) -> Path:
        """A shipped model under another name, its card changed to go with it."""
        shipped_file, path = resources.models() / source, self.path / name
        shutil.copy(shipped_file, path)
        write_card(path, msgspec.structs.replace(read_card(shipped_file), name=path.stem, **changes))
        return path


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "models").mkdir()
    return Folder(tmp_path / "models")


@pytest.fixture
def dataset(tmp_path):
    noise = np.random.default_rng(5).integers(0, 256, (13, 16, 3), np.uint8)
    write_image(tmp_path / "patches" / "HR" / "one.png", noise.repeat(16, axis=0).repeat(16, axis=1))
    return tmp_path / "patches"
