"""Mistakes at a node's start: one line, status 2, no traceback."""

import time

import pytest

from edgesr_ros.errors import InputError


@pytest.mark.parametrize(
    ("node", "parameters", "expected"),
    [
        ("onboard", {"scale": 9}, ["scale"]),
        ("onboard", {"quality": 0}, ["quality"]),
        ("onboard", {"quality": "high"}, ["quality"]),
        ("onboard", {"ladder": "no_such_ladder"}, ["no_such_ladder", "webp"]),
        ("onboard", {"policy": "greedy"}, ["policy", "balanced"]),
        ("ground_station", {"model_x2": "edgesrgan_x4"}, ["model_x2", "edgesrgan_x4", "4 times"]),
        ("ground_station", {"model": "no_such_model"}, ["no_such_model", "edgesrgan_tiny_x4_psnr"]),
        ("ground_station", {"method": "magic"}, ["method", "bicubic"]),
        ("link_emulator", {"profile": "no_such_link"}, ["no_such_link", "unlimited"]),
        ("frame_player", {}, ["source"]),
        ("frame_player", {"source": "/no/such/recording"}, ["/no/such/recording"]),
    ],
)
def test_a_mistake_is_one_clear_line(bench, node, parameters, expected):
    bench.start(node, **parameters)
    deadline = time.monotonic() + 30
    with pytest.raises(InputError) as failure:
        while time.monotonic() < deadline and not bench.processes.ended(node):
            time.sleep(0.1)
    for word in expected:
        assert word in str(failure.value)
    assert "Traceback" not in bench.said()
    assert bench.processes.status(node) == 2
