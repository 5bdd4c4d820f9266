"""The ground station over real DDS: the right picture with the right stamp, whatever else arrives."""

import time

import cv2
import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from model_pairs import BACKEND
from ros_messages import compressed_message
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Bool

from edgesr_ros.control.report import ArrivalReport
from edgesr_ros.frames.message import image_to_array
from edgesr_ros.nodes.messages import as_array, nanoseconds, pairs_of
from edgesr_ros.nodes.node import LATCHED
from edgesr_ros.upscaling.bicubic import LiveBicubicUpscaler
from edgesr_ros.upscaling.catalog import load_upscaler

MODEL = "edgesrgan_tiny_x4_psnr"


def small(picture):
    return np.ascontiguousarray(picture[:12, :16])


def test_shows_the_super_resolved_picture_with_its_stamp(bench, picture):
    bench.start("ground_station", model=MODEL, backend=BACKEND, overlay=False, deadline=10.0)
    shown = bench.collect(Image, "image_sr")
    facts = bench.collect(DiagnosticArray, "image_sr/facts")
    enlarged = bench.collect(Image, "image_received")
    reports = bench.collect(DiagnosticArray, "link_report")
    link = bench.publisher(CompressedImage, "image_lr/compressed")
    stamp = time.time_ns()
    bench.deliver(
        link,
        compressed_message(small(picture), stamp, (63, 45)),
        lambda: shown and facts and enlarged and reports,
        "the picture and what is said of it",
    )
    expected = load_upscaler(MODEL).upscale(small(picture))[:45, :63]
    np.testing.assert_array_equal(image_to_array(shown[0]), expected)
    assert nanoseconds(shown[0].header.stamp) == stamp
    assert shown[0].header.frame_id == "camera"
    np.testing.assert_array_equal(image_to_array(enlarged[0]), small(picture))
    assert nanoseconds(enlarged[0].header.stamp) == stamp
    assert pairs_of(facts[0])["method"] == "sr"
    assert float(pairs_of(facts[0])["consistency_db"]) > 20
    report = ArrivalReport.from_pairs(pairs_of(reports[0]))
    assert report.stamp_ns == stamp
    assert 0 < report.decode_s < 10
    assert report.display_s is None


def test_reports_tell_how_long_the_last_picture_took(bench, picture):
    bench.start("ground_station", model="bicubic", overlay=False)
    shown = bench.collect(Image, "image_sr")
    reports = bench.collect(DiagnosticArray, "link_report")
    link = bench.publisher(CompressedImage, "image_lr/compressed")
    for stamp in (1, 2):
        link.publish(compressed_message(small(picture), stamp, (64, 48)))
        bench.wait(lambda stamp=stamp: len(shown) == stamp, f"picture {stamp}")
        bench.spin(0.1)
    first, second = (ArrivalReport.from_pairs(pairs_of(message)) for message in reports)
    assert first.display_s is None
    assert second.decode_s < second.display_s < 10


def test_a_grey_camera_stays_grey(bench, picture):
    bench.start("ground_station", model=MODEL, backend=BACKEND, overlay=False, deadline=10.0)
    shown = bench.collect(Image, "image_sr")
    link = bench.publisher(CompressedImage, "image_lr/compressed")
    grey = cv2.cvtColor(small(picture), cv2.COLOR_RGB2GRAY)
    bench.deliver(link, compressed_message(grey, 5, (64, 48), "mono8"), lambda: shown, "the picture")
    assert shown[0].encoding == "mono8"
    three = load_upscaler(MODEL).upscale(np.repeat(grey[..., None], 3, axis=2))
    np.testing.assert_array_equal(image_to_array(shown[0]), cv2.cvtColor(three, cv2.COLOR_RGB2GRAY))


@pytest.mark.parametrize(
    ("output_width", "expected"), [(0, (64, 48, 100.0, 80.0)), (32, (32, 24, 50.0, 40.0))]
)
def test_camera_info_follows(bench, picture, output_width, expected):
    bench.start("ground_station", model="bicubic", overlay=False, output_width=output_width)
    shown, facts = bench.collect(Image, "image_sr"), bench.collect(DiagnosticArray, "image_sr/facts")
    infos = bench.collect(CameraInfo, "image_sr/camera_info")
    latched = bench.node.create_publisher(CameraInfo, "image_lr/camera_info", LATCHED)
    info = CameraInfo(width=16, height=12)
    info.k = np.array([25.0, 0, 8, 0, 20, 6, 0, 0, 1])
    bench.wait(lambda: latched.get_subscription_count() > 0, "a subscriber of the camera info")
    latched.publish(info)
    bench.spin(0.5)
    bench.deliver(
        bench.publisher(CompressedImage, "image_lr/compressed"),
        compressed_message(small(picture), 7, (64, 48)),
        lambda: infos and shown and facts,
        "the camera info",
    )
    assert (infos[0].width, infos[0].height, infos[0].k[0], infos[0].k[4]) == expected
    assert (shown[0].width, shown[0].height) == expected[:2]
    assert ("consistency_db" in pairs_of(facts[0])) == (output_width == 0)
    assert nanoseconds(infos[0].header.stamp) == 7


def test_a_flood_of_malformed_frames_does_not_hide_the_good_ones(bench, picture):
    bench.start("ground_station", model="bicubic", overlay=False)
    shown = bench.collect(Image, "image_sr")
    link = bench.publisher(CompressedImage, "image_lr/compressed")
    whole = compressed_message(small(picture), 1, (64, 48))
    bombs = [b"", b"not an image", bytes(whole.data[:-20]), _png_that_claims(60000, 60000, bytes(whole.data))]
    good = range(1, 21)
    for stamp in good:
        for _ in range(10):
            for data in bombs:
                link.publish(CompressedImage(format=whole.format, data=as_array(data)))
        lie = compressed_message(small(picture), 10**6 + stamp, (60000, 48))
        link.publish(lie)
        bench.deliver(
            link,
            compressed_message(small(picture), stamp, (64, 48)),
            lambda stamp=stamp: shown and nanoseconds(shown[-1].header.stamp) == stamp,
            f"frame {stamp}",
        )
    assert [nanoseconds(message.header.stamp) for message in shown] == list(good)

    def settled():
        frames_in = bench.count("ground_station", "frames_in")
        frames_out = bench.count("ground_station", "frames_out")
        return frames_out == len(good) and frames_in == frames_out + bench.dropped("ground_station")

    bench.wait(settled, "the counts")
    assert bench.count("ground_station", "dropped.malformed") >= 3 * len(good)  # DDS dropped the others
    assert "Traceback" not in bench.said()
    assert bench.said().count("compressed image") < 10  # a log line now and then, not one a frame


def test_old_and_repeated_frames_are_not_shown_again(bench, picture):
    bench.start("ground_station", model="bicubic", overlay=False)
    shown = bench.collect(Image, "image_sr")
    link = bench.publisher(CompressedImage, "image_lr/compressed")
    for stamp in (100, 300, 200, 300, 400):
        link.publish(compressed_message(small(picture), stamp, (64, 48)))
        bench.spin(0.2)
    bench.wait(lambda: len(shown) == 3, "three pictures")
    assert [nanoseconds(message.header.stamp) for message in shown] == [100, 300, 400]
    bench.wait(lambda: bench.dropped("ground_station") == 2, "the counts")
    assert bench.count("ground_station", "dropped.out_of_order") == 1
    assert bench.count("ground_station", "dropped.duplicate") == 1


def test_a_recording_that_starts_over_is_shown_again(bench, picture):
    bench.start("ground_station", model="bicubic", overlay=False)
    shown = bench.collect(Image, "image_sr")
    link = bench.publisher(CompressedImage, "image_lr/compressed")
    for number, stamp in enumerate((60_000_000_000, 1_000_000_000), 1):
        link.publish(compressed_message(small(picture), stamp, (64, 48)))
        bench.wait(lambda number=number: len(shown) == number, f"picture {number}")


def test_bicubic_steps_in_when_the_network_is_late(bench, picture):
    bench.start("ground_station", model=MODEL, overlay=False, deadline=1e-6)
    shown = bench.collect(Image, "image_sr")
    facts = bench.collect(DiagnosticArray, "image_sr/facts")
    link = bench.publisher(CompressedImage, "image_lr/compressed")
    large = np.tile(picture, (5, 5, 1))  # a small one may be done before anyone looks at the clock
    size = (4 * large.shape[1], 4 * large.shape[0])
    bench.deliver(link, compressed_message(large, 1, size), lambda: shown and facts, "the picture")
    assert pairs_of(facts[0])["method"] == "bicubic"
    np.testing.assert_array_equal(image_to_array(shown[0]), LiveBicubicUpscaler(4).upscale(large))
    bench.wait(lambda: bench.count("ground_station", "bicubic_instead") == 1, "the count")


def test_a_frame_at_full_size_and_one_at_another_scale(bench, picture):
    bench.start("ground_station", model=MODEL, overlay=False)
    shown = bench.collect(Image, "image_sr")
    link = bench.publisher(CompressedImage, "image_lr/compressed")
    bench.deliver(
        link, compressed_message(picture, 1, (64, 48)), lambda: len(shown) == 1, "the frame at full size"
    )
    np.testing.assert_array_equal(image_to_array(shown[0]), picture)
    bench.deliver(
        link,
        compressed_message(small(picture), 2, (32, 24)),
        lambda: len(shown) == 2,
        "the frame at half size",
    )
    assert image_to_array(shown[1]).shape == (24, 32, 3)


def test_staleness_is_announced_and_drawn(bench, picture):
    bench.start("ground_station", model="bicubic", overlay=True, stale_after=0.5)
    shown = bench.collect(Image, "image_sr")
    stale = bench.collect(Bool, "stale", LATCHED)
    link = bench.publisher(CompressedImage, "image_lr/compressed")
    bench.deliver(link, compressed_message(small(picture), 3, (64, 48)), lambda: shown, "the picture")
    bench.wait(lambda: len(shown) == 2 and stale[-1].data, "the picture once more, as stale")
    assert nanoseconds(shown[-1].header.stamp) == 3
    assert (image_to_array(shown[-1]) != image_to_array(shown[-2])).any()
    bench.deliver(
        link,
        compressed_message(small(picture), 4, (64, 48)),
        lambda: stale[-1].data is False,
        "the end of staleness",
    )


def test_staleness_does_not_wait_for_a_clock_that_stands_still(bench, picture):
    # The bag has ended, and with it /clock: exactly then the picture gets old.
    bench.start("ground_station", model="bicubic", use_sim_time=True, stale_after=0.5)
    shown = bench.collect(Image, "image_sr")
    stale = bench.collect(Bool, "stale", LATCHED)
    link = bench.publisher(CompressedImage, "image_lr/compressed")
    bench.deliver(link, compressed_message(small(picture), 1, (64, 48)), lambda: shown, "the picture")
    bench.wait(lambda: stale[-1].data, "staleness")
    bench.wait(lambda: bench.count("ground_station", "frames_out") == 1, "the counts")


def _png_that_claims(width, height, data):
    """A PNG whose header claims another size, with a header checksum that is right."""
    import struct
    import zlib

    header = b"IHDR" + struct.pack(">II", width, height) + data[24:29]
    return data[:12] + header + struct.pack(">I", zlib.crc32(header)) + data[33:]
