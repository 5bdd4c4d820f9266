"""What runs of the chain come to, and how they are shown."""

from collections.abc import Iterable, Iterator

import pytest
from msgspec.structs import replace

pytest.importorskip("rclpy", reason="ROS 2 is not installed: make test installs it")

from benchmarks.claims.chain import out_of_order, until_behind
from benchmarks.claims.chain_tables import chain_table, growth_table, soak_table
from benchmarks.harness.evidence import ChainResult, ChainRow, Machine, NodeUsage, SoakResult, StageTime

MACHINE = Machine(cpu="a CPU", cores=2)
USAGE = NodeUsage(
    cpu_ms_per_picture=10.0,
    core_share=0.25,
    resident_mb_settled=100.0,
    resident_mb_last=101.0,
    resident_mb_max=103.0,
    resident_mb_deviation=3.0,
    resident_mb_per_minute=0.5,
)
TIME = StageTime(mean=2.0, max=5.0)
ROW = ChainRow(
    camera="640x480 at 25 Hz",
    cameras=1,
    link="unlimited",
    onboard={"ladder": "none"},
    ground_station={},
    model="net_x4",
    seconds=12.0,
    warm_up_seconds=3.0,
    bytes_per_frame=3000,
    fps_asked=25.0,
    fps_camera=25.0,
    fps_shown=25.0,
    age_received_p50_ms=9.0,
    age_received_p95_ms=11.0,
    age_p50_ms=30.0,
    age_p95_ms=40.0,
    age_p99_ms=50.0,
    out_of_order=0,
    frames_sent=300,
    frames_received=300,
    frames_published=300,
    frames_shown=300,
    dropped={},
    stages_ms=dict.fromkeys(("onboard: encode", "ground_station: upscale", "ground_station: publish"), TIME),
    machine_share=0.25,
    cameras_share=0.125,
    nodes={"onboard": USAGE, "ground_station": USAGE, "frame_player": USAGE},
)


def at(asked: float, shown: float, **changes: object) -> ChainRow:
    """The row of a rate."""
    fields = {"fps_asked": asked, "fps_camera": asked, "fps_shown": shown}
    return replace(ROW, **(fields | changes))


def test_pictures_out_of_order_are_those_earlier_than_any_before_them() -> None:
    assert out_of_order([1.0, 2.0, 2.0, 4.0]) == 0
    assert out_of_order([1.0, 4.0, 2.0, 3.0, 5.0]) == 2


def test_the_rate_rises_until_the_pictures_fall_behind_and_no_further() -> None:
    asked = []

    def rows() -> Iterator[ChainRow]:
        for rate, shown in ((25.0, 25.0), (50.0, 47.0), (75.0, 60.0), (100.0, 58.0)):
            asked.append(rate)
            yield at(rate, shown)

    assert [row.fps_shown for row in until_behind(rows())] == [25.0, 47.0, 60.0]
    assert asked == [25.0, 50.0, 75.0]


def growth(rows: Iterable[ChainRow]) -> list[str]:
    """The lines of the table."""
    return growth_table(ChainResult(machine=MACHINE, rows=[], growth=list(rows))).splitlines()


def test_growth_tells_when_it_was_the_camera_that_did_not_follow() -> None:
    lines = growth([at(25.0, 25.0), at(50.0, 40.0, fps_camera=41.0)])
    assert (
        "| 1 × 640x480 | 25 | 25.0 | 9 / 11 | 30 / 40 | 2.0 / 2.0 / 2.0 | 20.0 | 25% / 12% | 202 |" in lines
    )
    assert any(line.startswith("| 1 × 640x480 | 50 (sent 41.0) | 40.0 |") for line in lines)
    assert lines[-1] == "Most pictures per second and camera: 1 × 640x480 40.0."


def test_processor_time_of_several_cameras_is_that_of_a_picture_of_one() -> None:
    nodes = {f"camera_{number}/onboard": USAGE for number in (1, 2)}
    line = growth([at(25.0, 25.0, cameras=2, nodes=nodes | {"observer": USAGE})])[4]
    assert line.split(" | ")[6] == "10.0"


def test_soak_shows_memory_of_the_nodes_beside_its_goal() -> None:
    text = soak_table(SoakResult(machine=MACHINE, row=ROW))
    assert "| `onboard`: memory from 3 s on, MB | 100 ± 3.0 (+0.50 a minute) | ± 5 |" in text
    assert "frame_player" not in text
    assert "| 30 / 40 / 50 | p99 ≤ 60 |" in text


def test_the_chain_at_its_usual_rate() -> None:
    text = chain_table(ChainResult(machine=MACHINE, rows=[replace(ROW, onboard={}), ROW], growth=[]))
    assert "| of the machine: nodes / camera and observer | 25% / 12% | 25% / 12% |" in text
    assert "|  | all by default | onboard with `ladder: none` | goal |" in text
