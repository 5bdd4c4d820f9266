"""What a step of a link comes to, from what was seen of it."""

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed: make test installs it")

from benchmarks.claims.steps import CLAIM, StepsSettings, step_row, steps_table
from benchmarks.harness.observer import Arrival
from edgesr_ros import resources
from edgesr_ros.defaults import default_model

SPAN = (10.0, 20.0)
BOUND = 270.0  # ms


def steady(age: float, size: int = 5000) -> list[Arrival]:
    """Ten pictures a second, from before the step to after it."""
    return [Arrival(at / 10 - age, at / 10, size) for at in range(50, 250)]


def test_use_is_told_by_what_arrived_in_the_step() -> None:
    row = step_row(500.0, 4000.0, BOUND, SPAN, steady(0.1), steady(0.05))
    assert (row.fps_shown, row.bytes_per_frame, row.usable_kbps) == (10, 5000, 500)
    assert row.capacity_used == pytest.approx(0.8)
    assert row.age_p95_ms == pytest.approx(100)
    assert row.recovered


def test_more_than_the_camera_fills_is_not_usable() -> None:
    row = step_row(80_000.0, 500.0, BOUND, SPAN, steady(0.1), steady(0.05))
    assert (row.usable_kbps, row.capacity_used) == (500, pytest.approx(0.8))


def test_an_age_beyond_its_bound_may_last_for_a_moment() -> None:
    def shown(until: float) -> list[Arrival]:
        return [Arrival(a.at - (1.0 if a.at < until else 0.1), a.at, a.size) for a in steady(0.1)]

    assert step_row(500.0, 4000.0, BOUND, SPAN, shown(11.4), []).recovered
    late = step_row(500.0, 4000.0, BOUND, SPAN, shown(13.0), [])
    assert not late.recovered
    assert late.age_p95_settled_ms == pytest.approx(1000)


def test_a_step_without_a_picture_has_not_recovered() -> None:
    row = step_row(80.0, 4000.0, BOUND, SPAN, [], [])
    assert (row.fps_shown, row.capacity_used, row.bytes_per_frame, row.age_p95_ms) == (0, 0, None, None)
    assert not row.recovered


def test_the_table_names_the_steps_that_did_not_recover(enveloped, kept) -> None:
    def shown(*ages: float) -> tuple[str, list[bool]]:
        rows = [
            step_row(500.0, 4000.0, BOUND, SPAN, steady(age) if age else [], steady(0.05)) for age in ages
        ]
        settings = StepsSettings(
            camera="a camera", link="steps", model="net_x4", propagation_ms=20.0, settled_after_s=1.5
        )
        result = enveloped(CLAIM, settings, rows)
        return steps_table(result).splitlines()[-1], list(kept(CLAIM, result).values())

    text, goals = shown(0.1, 0.27)
    assert text.endswith("was within 270 ms at 2 of 2 steps.")
    assert goals == [True]
    for late in (0.28, 0.0):
        text, goals = shown(0.1, late)
        assert text.endswith("at 1 of 2 steps; not at 62.5 kB/s.")
        assert goals == [False]


def test_the_ground_station_has_a_network_by_default() -> None:
    assert (resources.models() / f"{default_model()}.onnx").is_file()
