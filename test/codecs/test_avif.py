import io

import cv2
import numpy as np
import pytest
from PIL import Image

from edgesr_ros.codecs import avif
from edgesr_ros.codecs.stills import decode, encode
from edgesr_ros.errors import InputError


def test_where_pillow_has_none_it_is_one_line(picture, monkeypatch):
    data = encode(picture, "avif", 50)
    monkeypatch.setattr(avif, "SUPPORTED", False)
    for use in (lambda: encode(picture, "avif", 50), lambda: decode(data)):
        with pytest.raises(InputError, match=r"^avif: Pillow is \S+, expected 11.3 or newer") as caught:
            use()
        assert "\n" not in str(caught.value)


def test_what_the_format_cannot_hold_is_one_line():
    with pytest.raises(InputError, match=r"^an image of 65537x1 is more than avif can hold$"):
        encode(np.zeros((1, 65537, 3), np.uint8), "avif", 50)


def spied_speeds(monkeypatch) -> list[int]:
    """Filled as pictures are encoded."""
    speeds = []
    save = Image.Image.save

    def spy(self, file, kind, **settings):
        speeds.append(settings["speed"])
        save(self, file, kind, **settings)

    monkeypatch.setattr(Image.Image, "save", spy)
    return speeds


def test_smaller_frames_get_more_effort(monkeypatch):
    speeds = spied_speeds(monkeypatch)
    for width, height in ((640, 480), (320, 240), (160, 120), (80, 60)):
        encode(np.zeros((height, width, 3), np.uint8), "avif", 50)
    assert speeds == sorted(speeds, reverse=True)
    assert speeds[0] > speeds[-1]


def test_slow_is_at_full_effort_at_any_size(monkeypatch):
    texture = np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8)
    large = cv2.resize(texture, (640, 480), interpolation=cv2.INTER_CUBIC)
    fast, slow = encode(large, "avif", 50), encode(large, "avif_slow", 50)
    assert len(slow) < len(fast)
    assert np.abs(decode(slow).astype(int) - large).mean() < 4
    speeds = spied_speeds(monkeypatch)
    for width, height in ((640, 480), (320, 240), (160, 120)):
        encode(np.zeros((height, width, 3), np.uint8), "avif_slow", 50)
    assert len(set(speeds)) == 1


def test_a_file_without_a_frame_is_refused(picture):
    data = bytearray(encode(picture, "avif", 50))
    frame = data.index(b"mdat") + 4 + 13  # after the sequence header
    assert data[frame] == 0x32
    data[frame] = 0x7A  # padding
    with pytest.raises(InputError, match=f"{len(data)} bytes for 64x48 are damaged"):
        decode(data)


def test_files_of_other_encoders_settings_are_read(picture):
    for settings in ({"subsampling": "4:4:4"}, {"range": "limited"}, {"quality": 100}):
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "AVIF", **settings)
        assert np.abs(decode(file.getvalue()).astype(int) - picture).mean() < 8


@pytest.mark.parametrize("mode", ["RGBA", "sequence"])
def test_pictures_that_are_not_plain_are_refused(picture, mode):
    """Transparency and sequences are pictures beside the one whose size is checked."""
    file = io.BytesIO()
    if mode == "RGBA":
        alpha = np.full((48, 64, 1), 7, np.uint8)
        Image.fromarray(np.concatenate([picture, alpha], axis=2)).save(file, "AVIF")
    else:
        first, second = Image.fromarray(picture), Image.fromarray(255 - picture)
        first.save(file, "AVIF", save_all=True, append_images=[second])
    with pytest.raises(InputError, match="compressed image"):
        decode(file.getvalue())
