import numpy as np
import pytest

from edgesr_ros.codecs import av1
from edgesr_ros.defaults import defaults_of
from edgesr_ros.ends.robot import Robot
from edgesr_ros.ends.robot_settings import RobotSettings
from edgesr_ros.schema import convert


def robot_of(ladder, log):
    settings = convert(defaults_of("onboard") | {"ladder": ladder}, RobotSettings, "test")
    return Robot(settings, log=log)


def test_without_the_library_av1_is_h264_and_the_log_says_so_once(monkeypatch):
    monkeypatch.setattr(av1, "missing", lambda: "AV1: PyAV 1.0 brings no SVT-AV1")
    lines = []
    robot = robot_of("av1", lines.append)
    for number in range(3):
        packet = robot.encode(number / 30, np.zeros((48, 64, 3), np.uint8))
        assert packet.format.codec == "h264"
    assert lines == ["AV1: PyAV 1.0 brings no SVT-AV1; ladder h264 is used in the place of av1"]


def test_with_the_library_av1_is_sent():
    if (reason := av1.missing()) is not None:
        pytest.skip(reason)
    packet = robot_of("av1", pytest.fail).encode(0.0, np.zeros((48, 64, 3), np.uint8))
    assert packet.format.codec == "av1"
