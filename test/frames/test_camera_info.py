import numpy as np
import pytest
from rosbags.typesys import Stores, get_typestore

from edgesr_ros.frames.camera_info import copy_camera_info, scale_camera_info

CameraInfo = pytest.importorskip("sensor_msgs.msg", reason="sensor_msgs of ROS 2 is not installed").CameraInfo


@pytest.fixture
def info():
    msg = CameraInfo(width=640, height=480, distortion_model="plumb_bob", binning_x=2, binning_y=2)
    msg.header.frame_id = "left"
    msg.d = [0.1, -0.2, 0.0, 0.0, 0.01]
    msg.k = [500.0, 0.0, 320.0, 0.0, 510.0, 240.0, 0.0, 0.0, 1.0]
    msg.r = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    msg.p = [400.0, 0.0, 310.0, -48.0, 0.0, 410.0, 230.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    return msg


def test_intrinsics_follow_the_image(info):
    scale_camera_info(info, 0.25, 0.5, 160, 240)
    assert (info.width, info.height) == (160, 240)
    assert info.k.tolist() == [125.0, 0.0, 80.0, 0.0, 255.0, 120.0, 0.0, 0.0, 1.0]
    assert info.p.tolist() == [100.0, 0.0, 77.5, -12.0, 0.0, 205.0, 115.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    assert list(info.d) == [0.1, -0.2, 0.0, 0.0, 0.01]
    assert info.r.tolist() == np.eye(3).ravel().tolist()
    assert (info.binning_x, info.binning_y) == (2, 2)


def test_a_point_projects_to_the_resized_place(info):
    point = np.array([0.3, -0.2, 2.0, 1.0])
    before = np.reshape(info.p, (3, 4)) @ point
    scale_camera_info(info, 4.0, 4.0, 2560, 1920)
    after = np.reshape(info.p, (3, 4)) @ point
    assert after[:2] / after[2] == pytest.approx(4 * before[:2] / before[2])


def test_reducing_and_enlarging_gives_back_the_original(info):
    before = (info.k.copy(), info.p.copy())
    scale_camera_info(info, 1 / 4, 1 / 4, 160, 120)
    scale_camera_info(info, 4.0, 4.0, 640, 480)
    assert np.array_equal(info.k, before[0])
    assert np.array_equal(info.p, before[1])
    assert (info.width, info.height) == (640, 480)


@pytest.mark.parametrize(
    ("factor", "size", "before", "after"),
    [
        (0.25, (160, 120), (0, 0, 0, 0), (0, 0, 0, 0)),  # all 0: the full image
        (0.25, (160, 120), (8, 4, 16, 32), (2, 1, 4, 8)),
        (0.25, (160, 120), (7, 5, 10, 5), (1, 1, 4, 2)),  # grows to whole pixels
        (1 / 3, (214, 160), (30, 30, 30, 30), (10, 10, 10, 10)),
        (0.25, (160, 120), (600, 400, 60, 100), (150, 100, 10, 20)),  # ends where the image ends
        (4.0, (2560, 1920), (2, 1, 4, 8), (8, 4, 16, 32)),
    ],
)
def test_the_region_of_interest_covers_the_same_part(info, factor, size, before, after):
    roi = info.roi
    roi.x_offset, roi.y_offset, roi.width, roi.height = before
    roi.do_rectify = True
    scale_camera_info(info, factor, factor, *size)
    assert (roi.x_offset, roi.y_offset, roi.width, roi.height) == after
    assert roi.do_rectify


def test_copying_from_a_recorded_message_keeps_the_header(info):
    types = get_typestore(Stores.ROS2_JAZZY).types
    recorded = types["sensor_msgs/msg/CameraInfo"](
        header=None,
        height=480,
        width=752,
        distortion_model="equidistant",
        d=np.array([0.5, 0.25]),
        k=np.arange(9.0),
        r=np.eye(3).ravel(),
        p=np.arange(12.0),
        binning_x=1,
        binning_y=3,
        roi=types["sensor_msgs/msg/RegionOfInterest"](
            x_offset=1, y_offset=2, height=3, width=4, do_rectify=True
        ),
    )
    copy_camera_info(recorded, info)
    assert (info.width, info.height, info.distortion_model) == (752, 480, "equidistant")
    assert (list(info.d), info.k.tolist(), info.p.tolist()) == (
        [0.5, 0.25],
        list(map(float, range(9))),
        list(map(float, range(12))),
    )
    assert info.r.tolist() == np.eye(3).ravel().tolist()
    assert (info.binning_x, info.binning_y) == (1, 3)
    roi = info.roi
    assert (roi.x_offset, roi.y_offset, roi.height, roi.width, roi.do_rectify) == (1, 2, 3, 4, True)
    assert info.header.frame_id == "left"
    scale_camera_info(info, 0.25, 0.25, 188, 120)
    assert recorded.k.tolist() == list(map(float, range(9)))  # a copy, not a view
