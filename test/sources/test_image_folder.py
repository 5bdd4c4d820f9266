import cv2
import numpy as np
import pytest

from edgesr_ros.errors import InputError
from edgesr_ros.sources.files import write_image
from edgesr_ros.sources.image_folder import FolderSource


def test_frames_come_by_name_at_the_nominal_rate(tmp_path, picture):
    for number in (2, 0, 1):
        write_image(tmp_path / f"{number}.png", np.roll(picture, number, axis=1))
    source = FolderSource(tmp_path)
    assert source.rate_hz is None
    for _ in range(2):  # iterating again starts over
        frames = list(source)
        assert [frame.stamp_ns for frame in frames] == [0, 40_000_000, 80_000_000]
        for number, frame in enumerate(frames):
            assert np.array_equal(frame.array, np.roll(picture, number, axis=1))
            assert (frame.encoding, frame.camera_info) == ("rgb8", None)


def test_grey_images_are_mono(tmp_path, picture):
    cv2.imwrite(str(tmp_path / "a.png"), picture[:, :, 0])
    (frame,) = FolderSource(tmp_path)
    assert frame.encoding == "mono8"
    assert np.array_equal(frame.array, picture[:, :, 0])


def test_a_damaged_image_is_named(tmp_path, picture):
    write_image(tmp_path / "a.png", picture)
    (tmp_path / "b.png").write_text("text")
    source = FolderSource(tmp_path)
    with pytest.raises(InputError, match=r"b\.png: not an image"):
        list(source)
    (tmp_path / "a.png").write_text("text")
    with pytest.raises(InputError, match=r"a\.png: not an image"):
        FolderSource(tmp_path)
