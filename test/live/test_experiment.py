import pytest

from edgesr_ros.live.experiment import station_models


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((), {"model": "bicubic", "model_x2": "bicubic_x2", "model_x8": "bicubic_x8"}),
        (
            ("edgesrgan_tiny_x2", "edgesrgan_tiny_x4"),
            {"model": "edgesrgan_tiny_x4", "model_x2": "edgesrgan_tiny_x2", "model_x8": "bicubic_x8"},
        ),
        (
            ("edgesrgan_tiny_x2",),
            {"model": "edgesrgan_tiny_x2", "model_x2": "edgesrgan_tiny_x2", "model_x8": "bicubic_x8"},
        ),
    ],
)
def test_the_ground_station_has_the_networks_of_the_experiment_and_no_others(names, expected):
    assert station_models(names) == expected
