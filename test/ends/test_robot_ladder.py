import numpy as np
import pytest

from edgesr_ros.codecs import av1, h264_engine
from edgesr_ros.codecs.h264_decoder import H264Decoder
from edgesr_ros.defaults import defaults_of
from edgesr_ros.ends.robot import Robot
from edgesr_ros.ends.robot_settings import RobotSettings
from edgesr_ros.errors import InputError
from edgesr_ros.schema import convert


def robot_of(ladder, log=pytest.fail, **chosen):
    settings = convert(defaults_of("onboard") | {"ladder": ladder} | chosen, RobotSettings, "test")
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
    packet = robot_of("av1").encode(0.0, np.zeros((48, 64, 3), np.uint8))
    assert packet.format.codec == "av1"


@pytest.mark.parametrize("ladder", ["auto", "h264", "webp", "none"])
def test_an_encoder_that_there_is_not_is_refused_at_start(ladder):
    with pytest.raises(
        InputError, match=r"^encoder: PyAV .* has no 'x264', expected one of auto, software, "
    ):
        robot_of(ladder, encoder="x264")


def test_an_encoder_that_does_not_work_here_is_refused_where_it_is_used(monkeypatch):
    monkeypatch.setattr(h264_engine, "encoder_names", lambda: ("h264_nvenc", "libx264"))
    monkeypatch.setattr(h264_engine, "_refusal", {"h264_nvenc": "no device", "libx264": None}.get)
    with pytest.raises(
        InputError,
        match=r"^encoder: h264_nvenc cannot be used here \(no device\), expected one of .*, libx264$",
    ):
        robot_of("h264", encoder="h264_nvenc")
    robot_of("webp", encoder="h264_nvenc")


@pytest.mark.parametrize("encoder", ["software", "libx264"])
def test_h264_by_the_encoder_that_is_asked_for(encoder):
    packet = robot_of("h264", encoder=encoder).encode(0.0, np.zeros((48, 64, 3), np.uint8))
    assert packet.format.codec == "h264"
    assert H264Decoder().decode(packet.data).shape[2] == 3
