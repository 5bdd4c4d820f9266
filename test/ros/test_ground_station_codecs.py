"""The ground station over real DDS: every reduction that the robot may choose, and streams with gaps."""

import cv2
import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from model_pairs import BACKEND, make_repeating
from ros_messages import compressed_message, stream_message
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Bool

from edgesr_ros.codecs.h264 import REFRESH_FRAMES, H264Encoder
from edgesr_ros.control.report import ArrivalReport
from edgesr_ros.frames.message import image_to_array
from edgesr_ros.nodes.messages import nanoseconds, pairs_of
from edgesr_ros.nodes.node import LATCHED
from edgesr_ros.upscaling.catalog import load_upscaler

MODEL = "edgesrgan_tiny_x4_psnr"
MS = 1_000_000  # ns
WIDTH, HEIGHT = 160, 96


def test_each_reduction_has_its_network(bench, picture, tmp_path):
    bench.start(
        "ground_station",
        model=MODEL,
        backend=BACKEND,
        model_x2=make_repeating(tmp_path, 2),
        model_x8=make_repeating(tmp_path, 8),
        overlay=False,
        deadline=10.0,
    )
    shown = bench.collect(Image, "image_sr")
    facts = bench.collect(DiagnosticArray, "image_sr/facts")
    link = bench.publisher(CompressedImage, "image_lr/compressed")
    small = {factor: np.ascontiguousarray(picture[::factor, ::factor]) for factor in (2, 8, 4)}
    expected = {factor: np.kron(small[factor], np.ones((factor, factor, 1), np.uint8)) for factor in (2, 8)}
    expected[4] = load_upscaler(MODEL).upscale(small[4])
    for stamp, factor in enumerate((2, 8, 4, 8), 1):
        link.publish(compressed_message(small[factor], stamp, (63, 47)))
        bench.wait(lambda stamp=stamp: len(shown) == len(facts) == stamp, f"the frame reduced by {factor}")
        np.testing.assert_array_equal(image_to_array(shown[-1]), expected[factor][:47, :63])
        assert pairs_of(facts[-1])["method"] == "sr"


class Stream:
    """A camera that pans, as H.264, into the ground station; the next packet when the last is reported."""

    def __init__(self, bench, **parameters):
        bench.start("ground_station", model="bicubic", overlay=False, **parameters)
        self._bench = bench
        self.shown = bench.collect(Image, "image_sr")
        self.reports = bench.collect(DiagnosticArray, "link_report")
        self.stale = bench.collect(Bool, "stale", LATCHED)
        self._link = bench.publisher(CompressedImage, "image_lr/compressed")
        texture = np.random.default_rng(3).integers(0, 256, (HEIGHT, 2 * WIDTH, 3), np.uint8)
        self._texture = cv2.GaussianBlur(texture, (0, 0), 3)
        encoder = H264Encoder(WIDTH, HEIGHT, crf=15)
        self._packets = [encoder.encode(self.source(number)) for number in range(80)]

    def source(self, number):
        return np.ascontiguousarray(self._texture[:, 2 * number : 2 * number + WIDTH])

    def send(self, number):
        before = len(self.reports)
        stamp = (number + 1) * 33 * MS
        self._link.publish(stream_message(self._packets[number], stamp, (WIDTH, HEIGHT)))
        self._bench.wait(lambda: len(self.reports) > before, f"the report of packet {number}")
        assert ArrivalReport.from_pairs(pairs_of(self.reports[-1])).stamp_ns == stamp

    def numbers_shown(self):
        """Of the pictures so far, each of which must be near what the camera saw."""
        numbers = []
        for message in self.shown:
            numbers.append(nanoseconds(message.header.stamp) // (33 * MS) - 1)
            error = image_to_array(message).astype(int) - self.source(numbers[-1])
            assert np.abs(error).mean() < 4, f"picture {numbers[-1]}"
        return numbers

    def counted(self, **drops):
        """Wait until the counts add up, with these drops."""

        def add_up():
            frames_in = self._bench.count("ground_station", "frames_in")
            frames_out = self._bench.count("ground_station", "frames_out")
            return (
                frames_in == len(self.reports)
                and frames_out == len(self.shown)
                and frames_in == frames_out + self._bench.dropped("ground_station")
                and all(
                    self._bench.count("ground_station", f"dropped.{reason}") == number
                    for reason, number in drops.items()
                )
            )

        self._bench.wait(add_up, f"counts that add up, with {drops}")


def test_a_stream_is_shown_as_the_camera_saw_it(bench):
    stream = Stream(bench)
    for number in range(20):
        stream.send(number)
    stream.counted(recovering=0, malformed=0)
    assert len(stream.numbers_shown()) + bench.dropped("ground_station") == 20


def test_packets_that_come_twice_or_late_are_counted_and_disturb_nothing(bench):
    stream = Stream(bench)
    for number in (0, 1, 2, 2, 3, 1, 4, 5, 0, 6):
        stream.send(number)
    stream.counted(duplicate=3, recovering=0, malformed=0, out_of_order=0)
    assert stream.numbers_shown()[-1] == 6


def test_after_a_loss_the_picture_stays_until_it_is_whole_again(bench):
    stream = Stream(bench, stale_after=0.5)
    for number in range(5):
        stream.send(number)
    stream.send(6)
    stream.send(5)  # overtaken, not lost: too late all the same
    stream.counted(out_of_order=1, recovering=1, malformed=0)
    before = stream.numbers_shown()
    assert before[-1] == 4
    bench.wait(lambda: stream.stale[-1].data, "staleness")
    number = 7
    while len(stream.shown) == len(before):
        stream.send(number)
        bench.spin(0.15)
        number += 1
    bench.wait(lambda: not stream.stale[-1].data, "a fresh picture")
    again = stream.numbers_shown()[len(before) :]
    assert 6 + REFRESH_FRAMES / 2 < again[0] <= 6 + 2 * REFRESH_FRAMES
    stream.counted(out_of_order=1, malformed=0, recovering=again[0] - 6)


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda _: b"not a packet"])
def test_damaged_packets_are_malformed_and_the_stream_goes_on(bench, damage):
    stream = Stream(bench)
    for number in range(3):
        stream.send(number)
    broken = stream_message(damage(stream._packets[3]), 4 * 33 * MS, (WIDTH, HEIGHT))
    bench.deliver(
        stream._link, broken, lambda: bench.count("ground_station", "dropped.malformed"), "the count"
    )
    shown = len(stream.shown)
    number = 4
    while len(stream.shown) == shown:
        stream.send(number)
        bench.spin(0.05)
        number += 1
    assert stream.numbers_shown()[-1] <= 3 + 2 * REFRESH_FRAMES
    assert "Traceback" not in bench.said()
