"""`ladder: auto`: what is sent over which link, and to whom."""

import cv2
import numpy as np
import pytest

from edgesr_ros.codecs import av1
from edgesr_ros.codecs.camera_jpeg import CameraJpeg
from edgesr_ros.codecs.stills import encode
from edgesr_ros.control.report import ArrivalReport
from edgesr_ros.defaults import defaults_of
from edgesr_ros.ends.ground import Ground
from edgesr_ros.ends.packet import Packet
from edgesr_ros.ends.robot import Robot
from edgesr_ros.ends.robot_settings import RobotSettings
from edgesr_ros.schema import convert

PERIOD = 1 / 30
STREAM = "h264" if av1.missing() else "av1"


def robot_of(**chosen: object) -> Robot:
    return Robot(convert(defaults_of("onboard") | chosen, RobotSettings, "test"), log=lambda _: None)


def scene(number: int) -> np.ndarray:
    """(240, 320, 3): a texture that moves by two pixels a frame."""
    rough = np.random.default_rng(5).integers(0, 256, (24, 160, 3), np.uint8)
    whole = cv2.resize(rough, (1600, 240), interpolation=cv2.INTER_CUBIC)
    return np.ascontiguousarray(whole[:, 2 * number % 1200 :][:, :320])


def drive(
    robot: Robot,
    seconds: float,
    rate: float = 125_000.0,
    *,
    loss: float = 0.0,
    since: float = 0.0,
    **how: bool,
) -> list[Packet]:
    """Frames of a camera over a link of `rate` bytes/s that loses messages; reports come 5 ms after frames.

    `jpeg`: the camera gives JPEG; `deaf`: no report comes.
    """
    rng, ground, sent, free = np.random.default_rng(7), Ground(), [], since
    reports: list[tuple[float, ArrivalReport]] = []
    for number in range(round(since / PERIOD), round((since + seconds) / PERIOD)):
        now = number * PERIOD
        while reports and reports[0][0] <= now:
            robot.reported(*reports.pop(0))
        robot.frame(now)
        if robot.wait(now) > 0:
            continue
        shot: np.ndarray | CameraJpeg | None = scene(number)
        if how.get("jpeg"):
            shot = CameraJpeg.of(encode(scene(number), "jpeg", 80), "rgb8; jpeg compressed bgr8")
        assert shot is not None
        sent.append(robot.encode(now, shot))
        for message in [*robot.again(now), *robot.sent(now, number + 1, sent[-1])]:
            free = max(free, now) + message.size / rate
            if rng.random() < loss or how.get("deaf"):
                continue
            received = ground.decode(message.stamp_ns, message.data, message.format)
            report, _ = ground.arrived(round(free * 1e9), round(free * 1e9), received)
            if report is not None:
                reports.append((free + 0.005, report))
    return sent


def codecs(packets: list[Packet]) -> set[str]:
    return {packet.format.codec for packet in packets}


def test_a_receiver_that_reports_is_sent_a_stream() -> None:
    sent = drive(robot_of(), 4.0)
    assert codecs(sent) == {STREAM}
    assert len(sent) > 60
    assert {packet.decision.state for packet in sent[30:]} == {"steady"}


def test_a_receiver_that_does_not_report_is_sent_frames_that_stand_alone() -> None:
    sent = drive(robot_of(rate_bytes_per_s=50_000.0), 6.0, deaf=True)
    assert codecs(sent[-20:]) == {"webp"}
    assert {packet.decision.state for packet in sent[-20:]} == {"unreported"}


def test_where_loss_is_beyond_repair_frames_stand_alone_until_it_is_not() -> None:
    robot = robot_of()
    robot.expect_reports()
    drive(robot, 3.0)
    lossy = drive(robot, 20.0, loss=0.6, since=3.0)
    assert "webp" in codecs(lossy[len(lossy) // 2 :])
    assert codecs(drive(robot, 12.0, since=23.0)[-10:]) == {STREAM}


def test_a_camera_s_jpeg_goes_as_it_is_where_the_link_carries_it() -> None:
    fast = drive(robot_of(), 5.0, 5e6, jpeg=True)
    assert (fast[-1].encoder, fast[-1].quality) == ("jpeg", 0)
    slow = drive(robot_of(), 5.0, 125_000.0, jpeg=True)
    assert codecs(slow[30:]) == {STREAM}


@pytest.mark.skipif(STREAM != "av1", reason="AV1 cannot be encoded here")
def test_without_av1_it_is_h264_and_the_log_says_so_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(av1, "missing", lambda: "AV1: PyAV 1.0 brings no SVT-AV1")
    lines: list[str] = []
    settings = convert(defaults_of("onboard"), RobotSettings, "test")
    assert codecs(drive(Robot(settings, log=lines.append), 1.0)) == {"h264"}
    assert len(lines) == 1
