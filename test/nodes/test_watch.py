"""What counts as wrong although nothing fails, rule by rule."""

import pytest

pytest.importorskip("diagnostic_msgs", reason="ROS 2 is not installed: make test installs it")

from edgesr_ros.nodes.watch import ERROR, WARN, Arrivals, Seen, Source, Yield, judge_input

IMAGE, PACKED = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"
CAMERA = Source("/camera", IMAGE)


def seen(*sources, since=0.0, optional=False, shared=False, arrivals=None, others=()):
    return Seen("/image_raw", [IMAGE], sources, since, optional, shared, arrivals or Arrivals(), others)


def came(*times, data=None):
    arrivals = Arrivals()
    for time in times:
        arrivals.arrived(time, data)
    return arrivals


def steady(period, count, data=None):
    return came(*(period * number for number in range(1, count + 1)), data=data)


def test_all_is_well():
    assert not judge_input(seen(CAMERA, arrivals=steady(0.1, 50)), 5.5)
    assert not judge_input(seen(since=4.0), 5.0)  # it has just begun to look
    assert not judge_input(seen(optional=True), 100.0)
    assert not judge_input(seen(since=None), 100.0)  # nobody wants it


def test_a_publisher_that_is_missing_with_what_there_is_instead():
    (finding,) = judge_input(seen(others=["/cam/image"]), 2.0)
    assert finding.level == WARN
    assert "/image_raw: no publisher yet" in finding.text
    assert finding.text.endswith("there is /cam/image")


def test_another_type_on_the_topic():
    (finding,) = judge_input(seen(Source("/camera", PACKED), since=None), 2.0)
    assert finding.level == ERROR
    assert "/camera publishes sensor_msgs/msg/CompressedImage, expected sensor_msgs/msg/Image" in finding.text
    (finding,) = judge_input(seen(CAMERA, Source("/x", PACKED), arrivals=steady(0.1, 20)), 2.0)
    assert finding.level == WARN


def test_quality_of_service_that_does_not_fit():
    refused = Source("/camera", IMAGE, "RELIABILITY")
    findings = judge_input(seen(refused, optional=True), 1.0)
    assert [finding.level for finding in findings] == [ERROR]
    assert "qos_overrides" in findings[0].text


def test_two_publishers():
    (finding,) = judge_input(seen(CAMERA, Source("/other", IMAGE), arrivals=steady(0.1, 20)), 2.0)
    assert "2 publishers (/camera, /other)" in finding.text
    assert judge_input(seen(CAMERA, CAMERA, optional=True), 2.0)  # two operators report to one robot
    assert not judge_input(seen(CAMERA, CAMERA, optional=True, shared=True), 2.0)


@pytest.mark.parametrize(
    ("period", "quiet", "wrong"), [(0.1, 1.0, 0), (0.1, 1.6, 1), (5.0, 8.0, 0), (5.0, 16.0, 1)]
)
def test_silence_by_the_cameras_own_rate(period, quiet, wrong):
    arrivals = steady(period, 20)
    assert len(judge_input(seen(CAMERA, arrivals=arrivals), arrivals.last + quiet)) == wrong


def test_a_camera_that_never_sent_anything():
    (finding,) = judge_input(seen(CAMERA, since=10.0), 12.0)
    assert "nothing for 2 s from /camera" in finding.text


def test_the_same_picture_again_and_again():
    (finding,) = judge_input(seen(CAMERA, arrivals=steady(0.1, 20, b"same")), 2.0)
    assert "the same picture for 2 s" in finding.text
    moving = steady(0.1, 20, b"same")
    moving.arrived(2.05, b"else")
    assert not judge_input(seen(CAMERA, arrivals=moving), 2.1)
    assert not judge_input(seen(CAMERA, arrivals=steady(0.1, 20)), 2.0)  # it is not compared
    assert not judge_input(seen(CAMERA, arrivals=steady(0.1, 20, b"")), 2.0)  # nothing is no picture


def judged(*counts):
    judge = Yield()
    return [judge.judge(count, "why") for count in counts]


def test_frames_that_come_to_nothing():
    (findings,) = judged({"frames_in": 5, "dropped.malformed": 5})
    assert findings[0].level == ERROR
    assert "5 of the last 5 frames were of no use, malformed (why)" in findings[0].text


def test_most_frames_and_only_of_late():
    good = {"frames_in": 1000, "frames_out": 1000}
    bad = {"frames_in": 1010, "frames_out": 1002, "dropped.recovering": 8}
    after = [{"frames_in": n, "frames_out": n - 8, "dropped.recovering": 8} for n in (1030, 1050, 1070, 1090)]
    first, second, *rest = judged(good, bad, *after)
    assert not first
    assert not second  # few, by what went before
    assert not any(rest)
    later = judged(good, good, good, good, bad)[-1]
    assert later[0].level == WARN
    assert "recovering" in later[0].text


def test_frames_that_are_left_out_on_purpose():
    assert judged({"frames_in": 30, "frames_out": 3, "dropped.paced": 20, "dropped.superseded": 7}) == [[]]
    assert judged({"frames_in": 1, "dropped.malformed": 1}) == [[]]  # chance
