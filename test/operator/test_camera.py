import io
import json
import struct

import cv2
import numpy as np
import pytest
from PIL import Image

from edgesr_ros.frames.reduce import reduce_frame
from edgesr_ros.operator.camera import CameraFeed
from edgesr_ros.quality.facts import PictureFacts
from edgesr_ros.upscaling.restore import restore

SECOND = 1_000_000_000
FACTS = PictureFacts(
    method="sr", model="tiny", backend="onnxruntime", bytes=900, age_ms=80.0, age_uncertainty_ms=3.0, number=7
)


@pytest.fixture
def feed():
    return CameraFeed("front", 100.0)


@pytest.fixture
def small(picture):
    return reduce_frame(picture, 4)


def told(frame):
    (length,) = struct.unpack_from("<I", frame.data)
    header = json.loads(frame.data[4 : 4 + length])
    jpeg = np.frombuffer(frame.data[4 + length :], np.uint8)
    return header, cv2.cvtColor(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def test_a_picture_carries_what_is_known_of_it(feed, picture, small):
    feed.facts(SECOND, FACTS, 101.0)
    feed.received(SECOND, small)
    frame, _ = feed.frame(feed.picture(SECOND, "optical", picture, notice=False), False, 95)
    header, shown = told(frame)
    assert (frame.camera, frame.id, frame.compared) == ("front", 1, False)
    assert header["taken_ms"] == 101_000 - 80
    assert header["uncertainty_ms"] == 3
    assert (header["method"], header["model"], header["backend"]) == ("sr", "tiny", "onnxruntime")
    assert (header["stamp_ns"], header["width"], header["height"]) == (str(SECOND), 64, 48)
    assert header["received"] == [16, 12]
    assert np.abs(shown.astype(int) - picture).mean() < 3


def test_facts_of_another_picture_are_not_this_ones(feed, picture):
    feed.facts(SECOND, FACTS, 101.0)
    header, _ = told(feed.frame(feed.picture(2 * SECOND, "", picture, notice=False), False, 80)[0])
    assert header["method"] is None and header["taken_ms"] is None


def test_compared_is_what_was_received_enlarged_without_a_network(feed, picture, small):
    feed.facts(SECOND, FACTS, 101.0)
    feed.received(SECOND, small)
    header, shown = told(feed.frame(feed.picture(SECOND, "", 255 - picture, notice=False), True, 95)[0])
    assert header["method"] == "bicubic" and header["compared"]
    plain = restore(small, (64, 48)).picture
    assert np.abs(shown.astype(int) - plain).mean() < 3


def test_where_the_plain_picture_has_not_come_it_says_that_it_shows_the_other(feed, picture):
    feed.facts(SECOND, FACTS, 101.0)
    header, _ = told(feed.frame(feed.picture(SECOND, "", picture, notice=False), True, 95)[0])
    assert header["method"] == "sr" and header["compared"]


def test_grey_stays_grey(feed, picture, small):
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    feed.facts(SECOND, FACTS, 101.0)
    feed.received(SECOND, small)
    shot = feed.picture(SECOND, "", grey, notice=False)
    assert Image.open(io.BytesIO(feed.snapshot(shot.id, compared=True))).mode == "L"
    assert Image.open(io.BytesIO(feed.frame(shot, False, 80)[1])).mode == "L"


def test_a_snapshot_is_the_picture_to_the_last_bit_with_its_facts(feed, picture):
    assert feed.snapshot(1, False) is None
    feed.facts(SECOND, FACTS, 101.0)
    shot = feed.picture(SECOND, "optical", picture, notice=False)
    feed.picture(2 * SECOND, "optical", 255 - picture, notice=False)
    png = Image.open(io.BytesIO(feed.snapshot(shot.id, compared=False)))
    assert (np.asarray(png) == picture).all()
    assert png.text["method"] == "sr" and png.text["stamp_ns"] == str(SECOND)
    assert png.text["age_ms"] == "80.0" and png.text["frame_id"] == "optical"
    newest = Image.open(io.BytesIO(feed.snapshot(12345, compared=False)))
    assert (np.asarray(newest) == 255 - picture).all() and "age_ms" not in newest.text


def test_a_snapshot_of_the_comparison_says_that_nothing_is_invented(feed, picture, small):
    feed.facts(SECOND, FACTS, 101.0)
    feed.received(SECOND, small)
    shot = feed.picture(SECOND, "", picture, notice=False)
    png = Image.open(io.BytesIO(feed.snapshot(shot.id, compared=True)))
    assert png.text["method"] == "bicubic"
    assert (np.asarray(png) == restore(small, (64, 48)).picture).all()


def test_what_is_shown_again_has_a_number_of_its_own(feed, picture):
    assert feed.again() is None
    first = feed.picture(SECOND, "", picture, notice=False)
    again = feed.again()
    assert again.id > first.id and again.stamp_ns == first.stamp_ns


def test_stale_is_what_the_ground_station_says_or_one_that_says_nothing(feed):
    assert not feed.is_stale(101.0)
    feed.facts(SECOND, FACTS, 101.0)
    feed.announced(True)
    assert feed.is_stale(101.1)
    feed.announced(False)
    assert not feed.is_stale(102.4)
    assert feed.is_stale(102.6)
    feed.facts(2 * SECOND, FACTS, 102.7)
    assert not feed.is_stale(102.8)
