import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed: make test installs it")

from benchmarks.harness.frame_sender import paired_stages


def second(arrived: int, shown: int, dropped: int = 0, **mean_ms: float) -> dict[str, str]:
    counts = {"frames_in": arrived, "frames_out": shown, "dropped.superseded": dropped}
    means = {f"{stage}_ms.mean": f"{mean:.2f}" for stage, mean in mean_ms.items()}
    return {key: str(value) for key, value in counts.items()} | means


def test_stages_are_compared_with_the_path_of_the_same_frames() -> None:
    path_ms = {3: 10.0, 4: 14.0, 5: 200.0, 6: 10.0, 7: 10.0}
    usual = {"decode": 1.0, "upscale": 8.0, "publish": 0.5}
    told = [
        second(2, 1, dropped=1),
        second(4, 3, dropped=1, **usual),
        # The long wait of frame 5 is in this second's upscaling, and its end in the next.
        second(5, 3, dropped=1, **(usual | {"upscale": 190.0})),
        second(6, 5, dropped=1, **usual),
        second(7, 6, dropped=1, **(usual | {"publish": 0.25})),
        second(7, 6, dropped=1),
    ]
    rest = paired_stages(told, path_ms)
    assert rest == [
        {**usual, "rest": pytest.approx(12 - 9.5)},
        {**usual, "publish": 0.25, "rest": pytest.approx(10 - 9.25)},
    ]
    del path_ms[4]  # its report was lost
    assert len(paired_stages(told, path_ms)) == 1
