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


def test_damaged_images_are_skipped_and_named(tmp_path, picture):
    for name in ("a", "b", "c", "d"):
        write_image(tmp_path / f"{name}.png", picture)
    (tmp_path / "a.png").write_text("text")
    (tmp_path / "c.png").write_bytes(b"")
    source = FolderSource(tmp_path)
    assert source.description.endswith("4 images, the first 64x48")
    for _ in range(2):
        assert [frame.stamp_ns for frame in source] == [40_000_000, 120_000_000]  # each at its own time
        reason = "not an image that can be decoded"
        assert source.notes() == [f"2 of 4 images skipped: a.png ({reason}), c.png ({reason})"]


def test_where_no_image_can_be_read_the_first_is_named(tmp_path):
    (tmp_path / "a.png").write_text("text")
    with pytest.raises(InputError, match=r"a\.png: not an image that can be decoded$"):
        FolderSource(tmp_path)
    (tmp_path / "b.png").write_text("text")
    with pytest.raises(InputError, match=r"a\.png: not an image .* nor can any of the 1 others be read$"):
        FolderSource(tmp_path)


def test_numbers_count_by_their_value(tmp_path, picture):
    for number in (0, 1, 2, 9, 10, 11, 100):
        numbered = picture.copy()
        numbered[0, 0] = number
        write_image(tmp_path / f"frame{number}.png", numbered)
    assert [frame.array[0, 0, 0] for frame in FolderSource(tmp_path)] == [0, 1, 2, 9, 10, 11, 100]
