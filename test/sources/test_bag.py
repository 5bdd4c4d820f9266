import sqlite3

import cv2
import numpy as np
import pytest
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from edgesr_ros.codecs.stills import encode
from edgesr_ros.errors import InputError
from edgesr_ros.frames.camera_info import scale_camera_info
from edgesr_ros.sources.bag import BagSource

STORE = get_typestore(Stores.ROS2_JAZZY)
TYPES = STORE.types
IMAGE, COMPRESSED, INFO = (f"sensor_msgs/msg/{name}" for name in ("Image", "CompressedImage", "CameraInfo"))
SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND


def header(stamp_ns: int, frame_id: str = "left"):
    stamp = TYPES["builtin_interfaces/msg/Time"](sec=stamp_ns // SECOND, nanosec=stamp_ns % SECOND)
    return TYPES["std_msgs/msg/Header"](stamp=stamp, frame_id=frame_id)


def image(stamp_ns: int, pixels: np.ndarray, encoding: str):
    return TYPES[IMAGE](
        header=header(stamp_ns),
        height=pixels.shape[0],
        width=pixels.shape[1],
        encoding=encoding,
        is_bigendian=0,
        step=pixels[0].nbytes,
        data=pixels.reshape(-1).view(np.uint8),
    )


def compressed(stamp_ns: int, data: bytes, text: str = "jpeg"):
    return TYPES[COMPRESSED](header=header(stamp_ns), format=text, data=np.frombuffer(data, np.uint8))


def camera_info(stamp_ns: int, focal: float):
    k = np.array([focal, 0, 32, 0, focal, 24, 0, 0, 1.0])
    region = TYPES["sensor_msgs/msg/RegionOfInterest"](0, 0, 0, 0, False)
    return TYPES[INFO](
        header(stamp_ns), 48, 64, "plumb_bob", np.zeros(5), k, np.eye(3).ravel(), np.zeros(12), 0, 0, region
    )


@pytest.fixture(params=["sqlite3", "mcap"])
def write_bag(request, tmp_path):
    """Writes [(seconds, topic, message)] as a rosbag2 of either storage and returns its folder."""

    def write(messages, name="bag"):
        folder = tmp_path / name
        with Writer(folder, version=9, storage_plugin=StoragePlugin[request.param.upper()]) as writer:
            connections = {}
            for seconds, topic, message in messages:
                if topic not in connections:
                    kind = message if isinstance(message, str) else message.__msgtype__
                    connections[topic] = writer.add_connection(topic, kind, typestore=STORE)
                if not isinstance(message, str):
                    data = STORE.serialize_cdr(message, message.__msgtype__)
                    writer.write(connections[topic], START + round(seconds * SECOND), data)
        return folder

    return write


def test_images_of_both_kinds(write_bag, picture):
    grey = picture[:, :, 0].copy()
    bag = write_bag(
        [(0.1 * i, "/rgb/image", image(START + i, np.roll(picture, i, 1), "rgb8")) for i in range(4)]
        + [(0.1 * i, "/mono/image", image(START + i, np.roll(grey, i, 1), "mono8")) for i in range(4)]
        + [(0.1 * i, "/png", compressed(START + i, encode(np.roll(grey, i, 1), "png", 1))) for i in range(4)]
    )
    for topic, original in (("/rgb/image", picture), ("/mono/image", grey), ("/png", grey)):
        source = BagSource(bag, topic)
        assert source.rate_hz == pytest.approx(10)
        for _ in range(2):  # iterating again starts over
            frames = list(source)
            assert [frame.stamp_ns for frame in frames] == [START, START + 1, START + 2, START + 3]
            for i, frame in enumerate(frames):
                assert np.array_equal(frame.array, np.roll(original, i, 1))
                assert frame.encoding == ("rgb8" if original.ndim == 3 else "mono8")
                assert (frame.frame_id, frame.camera_info) == ("left", None)


def test_the_storage_file_alone_is_enough(write_bag, picture):
    bag = write_bag([(0, "/image", image(START, picture, "rgb8"))])
    (storage,) = (path for path in bag.iterdir() if path.suffix in (".db3", ".mcap"))
    (frame,) = BagSource(storage)
    assert np.array_equal(frame.array, picture)


def test_without_header_stamp_the_time_of_recording_counts(write_bag, picture):
    bag = write_bag([(0.5, "/image", image(0, picture, "rgb8"))])
    (frame,) = BagSource(bag)
    assert frame.stamp_ns == START + SECOND // 2


@pytest.mark.parametrize("topic", ["/cam/image_raw", "/cam/image_raw/compressed"])
def test_the_newest_camera_info_beside_the_topic_goes_along(write_bag, picture, topic):
    message = image(START, picture, "rgb8")
    if topic.endswith("compressed"):
        message = compressed(START, encode(picture, "jpeg", 90))
    bag = write_bag(
        [
            (0.0, topic, message),  # before the first CameraInfo
            (0.1, "/cam/camera_info", camera_info(START, 100)),
            (0.2, topic, message),
            (0.3, "/cam/camera_info", camera_info(START, 200)),
            (0.3, "/other/camera_info", camera_info(START, 999)),
            (0.4, topic, message),
        ]
    )
    assert [frame.camera_info.k[0] for frame in BagSource(bag, topic)] == [100, 100, 200]


def test_a_camera_info_of_a_bag_can_be_scaled(write_bag, picture):
    bag = write_bag(
        [(0, "/cam/image", image(1, picture, "rgb8")), (0, "/cam/camera_info", camera_info(1, 100))]
    )
    (frame,) = BagSource(bag)
    scale_camera_info(frame.camera_info, 0.25, 0.25, 16, 12)
    assert (frame.camera_info.k[0], frame.camera_info.width) == (25, 16)


def test_the_first_topic_with_pictures_is_taken(write_bag, picture):
    depth = compressed(START, b"\0" * 12 + encode(picture, "png", 1), "16UC1; compressedDepth png")  # 8 bits
    bag = write_bag(
        [
            (0, "/depth/compressedDepth", depth),
            (0, "/empty", IMAGE),
            (0, "/image", image(START, picture, "bgr8")),
        ]
    )
    source = BagSource(bag)
    assert "topic /image: 1 frames, 64x48 rgb8" in source.description
    (frame,) = source
    assert np.array_equal(frame.array, picture[:, :, ::-1])
    with pytest.raises(
        InputError, match=r"/depth/compressedDepth, message 1: depth: .* not of one channel of 16 bits$"
    ):
        BagSource(bag, "/depth/compressedDepth")
    with pytest.raises(InputError, match=r"no images on topic /img, expected one of /depth/comp.*, /image$"):
        BagSource(bag, "/img")


def test_a_bag_without_images_says_what_it_holds(write_bag):
    bag = write_bag([(0, "/cam/camera_info", camera_info(START, 1)), (0, "/image", IMAGE)])
    with pytest.raises(InputError, match=r"no images in this bag \(it holds /cam/camera_info, /image\)"):
        BagSource(bag)
    with pytest.raises(InputError, match=r"no images in this bag \(it holds no topic at all\)"):
        BagSource(write_bag([], "void"))


def test_damaged_frames_are_skipped_and_numbered(write_bag, picture):
    data = encode(picture, "jpeg", 90)
    cut = data[: len(data) // 2]
    bag = write_bag(
        [(i, "/image", compressed(START + i, cut if i in (0, 2, 3, 5, 6) else data)) for i in range(8)]
    )
    source = BagSource(bag)
    for _ in range(2):
        assert [frame.stamp_ns - START for frame in source] == [1, 4, 7]
        (note,) = source.notes()
        reason = f"compressed image: cut short after {len(cut)} bytes"
        named = ", ".join(f"message {number} ({reason})" for number in (1, 3, 4))
        assert note == f"/image: 5 of 8 messages skipped: {named}, …"


def test_where_nothing_can_be_decoded_the_first_reason_is_told(write_bag, picture):
    cut = encode(picture, "jpeg", 90)[:-100]
    bag = write_bag([(i, "/image", compressed(START + i, cut)) for i in range(3)])
    with pytest.raises(
        InputError, match=r"/image, message 1: .* cut short .* any of the 2 others be decoded$"
    ):
        BagSource(bag)


def test_of_a_bag_cut_short_the_whole_messages_are_played(write_bag):
    noise = np.random.default_rng(7).integers(0, 256, (48, 64, 3), np.uint8)
    bag = write_bag([(0.1 * i, "/image", image(START + i, noise, "rgb8")) for i in range(240)])
    (storage,) = (path for path in bag.iterdir() if path.suffix in (".db3", ".mcap"))
    data = storage.read_bytes()
    for share in (0.01, 0.8, 0.99):
        storage.write_bytes(data[: int(len(data) * share)])
        try:
            source = BagSource(bag)
        except InputError as error:  # of a database, whole pages are not whole messages
            assert "cannot be read as a rosbag2" in str(error) and "\n" not in str(error)
            assert share == 0.01 or storage.suffix == ".db3"
        else:
            frames = list(source)
            assert 0 < len(frames) < 240
            assert all(np.array_equal(frame.array, noise) for frame in frames)
            assert [frame.stamp_ns for frame in frames] == [START + i for i in range(len(frames))]
            assert source.notes() and not any("\n" in note for note in source.notes())
    storage.unlink()
    with pytest.raises(InputError, match="cannot be read as a rosbag2"):
        BagSource(bag)


def test_a_message_that_is_no_image_is_one_line(tmp_path):
    folder = tmp_path / "bag"
    with Writer(folder, version=9) as writer:
        connection = writer.add_connection("/image", IMAGE, typestore=STORE)
        writer.write(connection, START, b"\0\1\0\0garbage")
    with pytest.raises(InputError, match=r"/image, message 1: not a sensor_msgs/msg/Image \(") as caught:
        BagSource(folder)
    assert "\n" not in str(caught.value)


def test_definitions_inside_the_bag_are_not_needed(tmp_path, picture):
    folder = tmp_path / "bag"
    with Writer(folder, version=8) as writer:
        connection = writer.add_connection("/image", IMAGE, typestore=STORE)
        message = image(START, picture, "rgb8")
        writer.write(connection, START, STORE.serialize_cdr(message, IMAGE))
    (storage,) = folder.glob("*.db3")
    database = sqlite3.connect(storage)
    assert database.execute("DELETE FROM message_definitions").rowcount > 0
    database.commit()
    database.close()
    (frame,) = BagSource(folder)
    assert np.array_equal(frame.array, picture)


def test_a_recorded_flight(shared):
    bag = shared / "data" / "recordings" / "euroc_micro_cam0"
    source = BagSource(bag)
    frames = iter(source)
    first, second = next(frames), next(frames)
    assert source.rate_hz == pytest.approx(20, rel=0.01)
    assert (first.array.shape, first.encoding, first.frame_id) == ((480, 752), "mono8", "cam0")
    assert first.stamp_ns == 1403715273262142976
    assert second.stamp_ns - first.stamp_ns == pytest.approx(SECOND / 20, rel=0.05)
    assert cv2.Laplacian(first.array, cv2.CV_64F).std() > 1  # a picture, not a blank
