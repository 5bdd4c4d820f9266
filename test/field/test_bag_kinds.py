"""Every kind of image message that recordings hold: our own, image_transport's and Foxglove's."""

import struct
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from edgesr_ros.codecs.format import FrameFormat
from edgesr_ros.codecs.h264 import H264Encoder
from edgesr_ros.codecs.stills import encode
from edgesr_ros.codecs.svt_library import same_priority
from edgesr_ros.codecs.video import VideoDecoder
from edgesr_ros.errors import InputError
from edgesr_ros.frames.reduce import reduce_frame
from edgesr_ros.sources.bag import BagSource

STORE = get_typestore(Stores.ROS2_JAZZY)
PACKET, VIDEO = "ffmpeg_image_transport_msgs/msg/FFMPEGPacket", "foxglove_msgs/msg/CompressedVideo"
FOX_IMAGE, FOX_RAW = "foxglove_msgs/msg/CompressedImage", "foxglove_msgs/msg/RawImage"
COMPRESSED = "sensor_msgs/msg/CompressedImage"
FOXGLOVE = "builtin_interfaces/Time timestamp\nstring frame_id\nuint8[] data\nstring format"
for name, text in {
    PACKET: "std_msgs/Header header\nint32 width\nint32 height\nstring encoding\nuint64 pts\nuint8 flags\n"
    "bool is_bigendian\nuint8[] data",
    VIDEO: FOXGLOVE,
    FOX_IMAGE: FOXGLOVE,
    FOX_RAW: "builtin_interfaces/Time timestamp\nstring frame_id\nuint32 width\nuint32 height\n"
    "string encoding\nuint32 step\nuint8[] data",
}.items():
    STORE.register(get_types_from_msg(text, name))
TYPES = STORE.types
SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
PERIOD = 40_000_000
COUNT = 20
GROUP = 8  # pictures from one key frame to the next


def stamp(number):
    ns = START + number * PERIOD
    return TYPES["builtin_interfaces/msg/Time"](ns // SECOND, ns % SECOND)


def header(number):
    return TYPES["std_msgs/msg/Header"](stamp(number), "front")


def message(kind, number, data, text):
    array = np.frombuffer(data, np.uint8)
    if kind == COMPRESSED:
        return TYPES[kind](header(number), text, array)
    if kind == PACKET:
        return TYPES[kind](header(number), 96, 64, text, number, 0, False, array)
    return TYPES[kind](stamp(number), "front", array, text)


@pytest.fixture
def write_bag(tmp_path):
    def write(topics, storage="mcap"):
        """{topic: [(number, message)]} as a rosbag2."""
        folder = tmp_path / f"bag_{storage}"
        with Writer(folder, version=9, storage_plugin=StoragePlugin[storage.upper()]) as writer:
            for topic, messages in topics.items():
                connection = writer.add_connection(topic, messages[0][1].__msgtype__, typestore=STORE)
                for place, (_, stored) in enumerate(messages):
                    raw = STORE.serialize_cdr(stored, stored.__msgtype__)
                    writer.write(connection, START + place * PERIOD, raw)
        return folder

    return write


@pytest.fixture(scope="module")
def scene():
    """A camera that pans over soft colours: (64, 96, 3) uint8 RGB."""
    rough = np.random.default_rng(5).integers(40, 216, (8, 20, 3), np.uint8)
    wide = cv2.resize(rough, (240, 80), interpolation=cv2.INTER_CUBIC)
    return [np.ascontiguousarray(wide[8:72, 4 * n : 4 * n + 96]) for n in range(COUNT)]


def encoded(scene, encoder, options):
    """[(number of the picture, packet)] in the order of sending."""
    context = av.CodecContext.create(encoder, "w")
    context.width, context.height, context.pix_fmt = 96, 64, "yuv420p"
    context.time_base, context.framerate = Fraction(1, 25), Fraction(25)
    context.gop_size, context.options = GROUP, options
    packets = []
    for number, picture in enumerate(scene):
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts = number
        packets += context.encode(frame)
    packets += context.encode(None)
    return [(packet.pts, bytes(packet)) for packet in packets]


H264 = ("libx264", {"crf": "12", "tune": "zerolatency", "x264-params": "log-level=none"})
H264_B = ("libx264", {"crf": "12", "bf": "2", "x264-params": "log-level=none"})
HEVC = ("libx265", {"crf": "10", "x265-params": "log-level=none:bframes=0"})
AV1 = ("libsvtav1", {"crf": "10", "preset": "12", "svtav1-params": "pred-struct=1:lookahead=0"})


@pytest.mark.parametrize(
    ("kind", "text", "encoder"),
    [
        (PACKET, "h264", H264),
        (PACKET, "libx264;yuv420p;bgr8;bgr8", H264_B),
        (PACKET, "hevc_nvenc", HEVC),
        (PACKET, "libsvtav1", AV1),
        (VIDEO, "h264", H264),
        (VIDEO, "h265", HEVC),
        (VIDEO, "av1", AV1),
        (COMPRESSED, "h264", H264),
        (COMPRESSED, "bgr8; h264 compressed bgr8", H264_B),
        (COMPRESSED, "hevc", HEVC),
    ],
)
@pytest.mark.parametrize("joined", [0, 3])
def test_video_of_others(write_bag, scene, kind, text, encoder, joined):
    try:
        with same_priority():
            packets = encoded(scene, *encoder)[joined:]
    except (av.FFmpegError, ValueError) as error:
        pytest.skip(f"this FFmpeg has no {encoder[0]}: {error}")
    source = BagSource(write_bag({"/cam/video": [(n, message(kind, n, data, text)) for n, data in packets]}))
    for _ in range(2):
        frames = list(source)
        first = 0 if joined == 0 else GROUP
        assert [frame.stamp_ns for frame in frames] == [START + n * PERIOD for n in range(first, COUNT)]
        for number, frame in enumerate(frames, start=first):
            assert (frame.encoding, frame.frame_id) == ("rgb8", "front")
            assert np.abs(frame.array.astype(int) - scene[number]).mean() < 4
        assert bool(source.notes()) == bool(joined)
    if joined:
        assert f"{GROUP - joined} of {len(packets)} messages skipped: message 1 (" in source.notes()[0]


def test_a_damaged_packet_costs_the_pictures_up_to_the_next_key_frame(write_bag, scene):
    packets = encoded(scene, *H264)
    packets[10] = (10, packets[10][1][:9])
    source = BagSource(write_bag({"/v": [(n, message(PACKET, n, data, "h264")) for n, data in packets]}))
    shown = [(frame.stamp_ns - START) // PERIOD for frame in source]
    assert shown == [*range(10), *range(2 * GROUP, COUNT)]
    assert "6 of 20 messages skipped: message 11 (h264: packet of 9 bytes" in source.notes()[0]


def test_a_video_larger_than_any_camera_is_refused_before_it_is_allocated(scene):
    (_, data), *_ = encoded(scene, *H264)
    decoder = VideoDecoder("h264", max_pixels=96 * 64 - 1)
    with pytest.raises(InputError, match=r"h264: packet of .* bytes cannot be decoded"):
        decoder.decode(data, 0)


def test_a_codec_that_is_not_read_is_named(write_bag):
    bag = write_bag({"/v": [(0, message(PACKET, 0, b"1234", "theora"))]})
    with pytest.raises(
        InputError, match=r"/v, message 1: video: codec is 'theora', expected H\.264, HEVC, AV1"
    ):
        BagSource(bag)


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
@pytest.mark.parametrize("codec", ["webp", "jpeg", "png", "avif"])
def test_our_own_stills_along_a_ladder(write_bag, scene, codec, storage):
    messages, sent = [], []
    for number, picture in enumerate(scene):
        reduced = reduce_frame(picture, (1, 2, 4)[number % 3])
        if number % 5 == 0:
            reduced = cv2.cvtColor(reduced, cv2.COLOR_RGB2GRAY)
        text = FrameFormat.of(picture if reduced.ndim == 3 else picture[:, :, 0], codec).text()
        data = encode(reduced, codec, 90)
        messages.append((number, message(COMPRESSED, number, data, text)))
        sent.append((reduced, data))
    source = BagSource(write_bag({"/ground/image_lr/compressed": messages}, storage))
    frames = list(source)
    assert [frame.stamp_ns for frame in frames] == [START + n * PERIOD for n in range(COUNT)]
    for frame, (picture, data) in zip(frames, sent, strict=True):
        if codec != "avif":
            kept = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
            np.testing.assert_array_equal(frame.array, kept if picture.ndim == 3 else kept[:, :, 0])
        assert np.abs(frame.array.astype(int) - picture).mean() < 14  # halved colour on few pixels
    assert source.notes() == []


@pytest.mark.parametrize("start", [0, 2])
def test_our_own_h264_also_from_its_middle(write_bag, scene, start):
    encoder = H264Encoder(95, 63, 12, refresh_frames=4)
    text = FrameFormat.of(scene[0][:63, :95], "h264").text()
    messages = []
    for number, picture in enumerate(scene):
        data = encoder.encode(picture[:63, :95])
        if number >= start and (start or number != 5):  # one was lost on the way
            messages.append((number, message(COMPRESSED, number, data, text)))
    source = BagSource(write_bag({"/image_lr/compressed": messages}))
    frames = list(source)
    shown = [(frame.stamp_ns - START) // PERIOD for frame in frames]
    assert shown[-1] == COUNT - 1
    assert start or (shown[0] == 0 and 5 not in shown and 6 not in shown)
    assert start == 0 or 2 < shown[0] < 17  # first it waits for what is missing, then for a whole sweep
    for number, frame in zip(shown, frames, strict=True):
        assert frame.array.shape == (63, 95, 3)
        assert np.abs(frame.array.astype(int) - scene[number][:63, :95]).mean() < 4
    skipped = len(messages) - len(frames)
    assert f"{skipped} of {len(messages)} messages skipped" in source.notes()[0]


def test_foxglove_images(write_bag, scene):
    raw = TYPES[FOX_RAW](stamp(3), "front", 96, 64, "rgb8", 288, scene[3].reshape(-1))
    topics = {
        "/raw": [(3, raw)],
        "/jpeg": [(4, message(FOX_IMAGE, 4, encode(scene[4], "png", 1), "png"))],
    }
    bag = write_bag(topics)
    for topic, number in (("/raw", 3), ("/jpeg", 4)):
        (frame,) = BagSource(bag, topic)
        np.testing.assert_array_equal(frame.array, scene[number])
        assert (frame.stamp_ns, frame.frame_id) == (START + number * PERIOD, "front")


def png16(values):
    return cv2.imencode(".png", values)[1].tobytes()


def test_depth_in_metres_and_as_rvl(write_bag):
    depth_m = np.linspace(0.5, 8, 64 * 96, dtype=np.float32).reshape(64, 96)
    a, b = 1000.0, 10.0
    stored = np.round(a / depth_m + b).astype(np.uint16)
    stored[:4] = 0  # unknown
    data = struct.pack("<iff", 1, a, b) + png16(stored)
    text = "32FC1; compressedDepth png"
    (frame,) = BagSource(write_bag({"/depth": [(0, message(COMPRESSED, 0, data, text))]}))
    assert frame.encoding == "mono8"
    assert not frame.array[:4].any()
    low, high = np.percentile(depth_m[4:], (1, 99))
    expected = (8 + 247 * (depth_m - low) / (high - low)).clip(8, 255)
    assert np.abs(frame.array[4:] - expected[4:]).max() <= 3  # the quantization of far away
    rvl = struct.pack("<iffii", 0, 0, 0, 96, 64) + b"\x12\x34" * 40
    bag = write_bag({"/depth": [(0, message(COMPRESSED, 0, rvl, "16UC1; compressedDepth rvl"))]}, "sqlite3")
    with pytest.raises(
        InputError, match=r"/depth, message 1: compressedDepth: RVL, expected PNG .*format to png"
    ):
        BagSource(bag)


def test_colour_comes_before_grey_and_what_was_reduced(write_bag, scene):
    grey = encode(scene[0][:, :, 0], "png", 1)
    small = FrameFormat.of(scene[0], "png").text()
    bag = write_bag(
        {
            "/a/infra": [(0, message(COMPRESSED, 0, grey, "mono8; png compressed "))],
            "/b/image_lr": [(0, message(COMPRESSED, 0, encode(scene[0][::2, ::2], "png", 1), small))],
            "/c/color": [
                (0, message(COMPRESSED, 0, encode(scene[0], "png", 1), "rgb8; png compressed bgr8"))
            ],
        }
    )
    source = BagSource(bag)
    assert "topic /c/color: " in source.description
    assert source.description.endswith("; other images on /a/infra, /b/image_lr")
    assert "topic /a/infra: " in BagSource(bag, "/a/infra").description
