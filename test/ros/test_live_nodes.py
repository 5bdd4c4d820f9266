"""The sender of fixed rate and the watcher on the ground, as an experiment in real time starts them."""

import json

import cv2
import numpy as np
import pytest
from ros_messages import image_message, stream_message
from sensor_msgs.msg import CompressedImage, Image

from edgesr_ros.codecs.decoder import FrameDecoder
from edgesr_ros.codecs.format import FrameFormat
from edgesr_ros.codecs.h264 import REFRESH_FRAMES, H264Encoder

MODULE = "edgesr_ros.live.nodes"
MS = 1_000_000  # ns
WIDTH, HEIGHT = 128, 96


def scene(number):
    """A texture that moves sideways, (HEIGHT, WIDTH, 3) uint8 RGB."""
    texture = np.random.default_rng(3).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    return np.roll(cv2.GaussianBlur(texture, (0, 0), 4), 2 * number, axis=1)


@pytest.mark.parametrize(
    "contender",
    [
        {"kind": "h264", "name": "x", "kbps": 400, "scale": 2},
        {"kind": "fixed", "name": "x", "codec": "jpeg", "quality": 80, "scale": 2},
    ],
    ids=["h264", "jpeg"],
)
def test_the_sender_sends_each_frame_as_the_contender_says(bench, contender):
    bench.processes.start_module("sender", MODULE, ["sender", json.dumps(contender), 20])
    sent = bench.collect(CompressedImage, "image_lr/compressed")
    camera = bench.publisher(Image, "image_raw")
    decoder = FrameDecoder()
    for number in range(5):
        camera.publish(image_message(scene(number), (number + 1) * 50 * MS))
        bench.wait(lambda number=number: len(sent) > number, f"frame {number}")
        picture, form, factor, *_ = decoder.decode(sent[number].data, sent[number].format)
        codec = contender.get("codec", "h264")
        assert form == FrameFormat(encoding="rgb8", codec=codec, full_width=WIDTH, full_height=HEIGHT)
        assert factor == 2
        expected = cv2.resize(scene(number), (WIDTH // 2, HEIGHT // 2), interpolation=cv2.INTER_AREA)
        assert np.abs(picture.astype(int) - expected).mean() < 6


def test_while_video_is_broken_the_ground_watcher_keeps_the_old_picture(bench, tmp_path):
    bench.processes.start_module("ground_watcher", MODULE, ["ground", tmp_path, "raw", 1])
    link = bench.publisher(CompressedImage, "image_lr/compressed")
    encoder = H264Encoder(WIDTH, HEIGHT, crf=20)
    packets = [encoder.encode(scene(number)) for number in range(3 + 2 * REFRESH_FRAMES)]
    packets[3] = b"not a packet"
    packets[5] = packets[5][: len(packets[5]) // 2]
    numbers = [number for number in range(len(packets)) if number != 4]

    def stamps(name):
        lines = (tmp_path / name).read_text().splitlines()
        return [int(line.split()[0]) // (50 * MS) - 1 for line in lines]

    for count, number in enumerate(numbers, 1):
        link.publish(stream_message(packets[number], (number + 1) * 50 * MS, (WIDTH, HEIGHT)))
        bench.wait(lambda count=count: len(stamps("arrived.txt")) == count, f"packet {number}")
    bench.wait(lambda: stamps("shown.txt")[-1] == numbers[-1], "the last picture")
    assert stamps("arrived.txt") == numbers
    shown = stamps("shown.txt")
    assert shown[:4] == [0, 1, 2, shown[3]]
    assert shown[3] > 5 + REFRESH_FRAMES / 2
    assert shown[3:] == list(range(shown[3], numbers[-1] + 1))
