"""`edgesr upscale` of the files that people have; enlarged by bicubic, so that pixels can be told."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, features

from edgesr_ros.cli.main import main
from edgesr_ros.frames.resize import resize_bicubic
from edgesr_ros.sources.files import write_image
from edgesr_ros.sources.image_folder import FolderSource
from edgesr_ros.sources.picture_file import read_picture

PICTURES = Path(__file__).parent / "pictures"


def enlarged(image):
    return resize_bicubic(image, 2 * image.shape[0], 2 * image.shape[1])


def pixels(path, mode=None):
    with Image.open(path) as image:
        return np.asarray(image.convert(mode) if mode else image)


def upscale(source, output):
    assert main(["upscale", str(source), "--model", "bicubic_x2", "--output", str(output)]) == 0
    return pixels(output)


@pytest.fixture
def alpha():
    return np.repeat(np.linspace(0, 255, 48).astype(np.uint8)[:, None], 64, axis=1)


def test_grey_stays_grey(tmp_path):
    found = upscale(PICTURES / "grey.png", tmp_path / "out.png")
    assert np.array_equal(found, enlarged(pixels(PICTURES / "grey.png")))


def test_grey_stays_grey_by_a_network_that_adds_colour(tmp_path, picture):
    pytest.importorskip("onnxruntime", reason="runs the default network")
    Image.fromarray(picture[:, :, 0]).convert("RGB").save(tmp_path / "in.png")  # grey in three channels
    assert main(["upscale", str(tmp_path / "in.png"), "--output", str(tmp_path / "out.png")]) == 0
    assert pixels(tmp_path / "out.png").shape == (192, 256)


def test_depth_of_16_bits_is_scaled_and_said(tmp_path, capsys):
    found = upscale(PICTURES / "depth16.png", tmp_path / "out.png")
    values = pixels(PICTURES / "depth16.png").astype(float)
    low, high = np.percentile(values, (1, 99))
    expected = enlarged((255 * (values.clip(low, high) - low) / (high - low)).round().astype(np.uint8))
    assert np.abs(found.astype(int) - expected).max() <= 2
    said = capsys.readouterr().out
    assert f"depth16.png: more than 8 bits; values {low:.6g}..{high:.6g} are written as 0..255" in said


def test_a_folder_of_depth_is_seen_and_keeps_its_brightness(tmp_path):
    values = cv2.imread(str(PICTURES / "depth16.png"), cv2.IMREAD_UNCHANGED)
    cv2.imwrite(str(tmp_path / "a.png"), values)
    nearer = values.copy()
    nearer[:, :20] //= 2
    cv2.imwrite(str(tmp_path / "b.png"), nearer)
    first, second = (frame.array for frame in FolderSource(tmp_path))
    low, high = np.percentile(values, (1, 99))
    assert np.abs(first - 255 * (values.clip(low, high) - low) / (high - low)).max() <= 1
    assert np.abs(second[:, 20:].astype(int) - first[:, 20:]).max() < 20


def test_colour_of_16_bits(tmp_path, picture, capsys):
    cv2.imwrite(str(tmp_path / "in.png"), picture[:, :, ::-1].astype(np.uint16) * 257)
    assert np.array_equal(upscale(tmp_path / "in.png", tmp_path / "out.png"), enlarged(picture))
    assert "values 0..65535 are written" in capsys.readouterr().out


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_alpha_is_enlarged_too(tmp_path, picture, alpha, mode):
    colour = picture if mode == "RGBA" else picture[:, :, :1]
    Image.fromarray(np.dstack([colour, alpha]), mode).save(tmp_path / "in.png")
    found = upscale(tmp_path / "in.png", tmp_path / "out.png")
    expected = enlarged(np.broadcast_to(colour, picture.shape).copy())
    assert np.array_equal(found[:, :, :3], expected)
    assert np.array_equal(found[:, :, 3], enlarged(alpha))


def test_where_alpha_cannot_be_kept_it_is_said(tmp_path, picture, alpha, capsys):
    Image.fromarray(np.dstack([picture, alpha])).save(tmp_path / "in.png")
    assert upscale(tmp_path / "in.png", tmp_path / "out.jpg").shape == (96, 128, 3)
    assert "its transparency is left out, .jpg has none" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("suffix", "needs"),
    [(".gif", None), (".avif", "avif"), (".jp2", "jpg_2000"), (".tif", None), (".webp", "webp")],
)
def test_formats_that_pillow_reads(tmp_path, picture, suffix, needs, monkeypatch):
    if needs and not features.check(needs):
        pytest.skip(f"Pillow has no {needs} here")
    lossless = {".webp": {"lossless": True}, ".avif": {"quality": 100, "subsampling": "4:4:4"}}.get(
        suffix, {}
    )
    Image.fromarray(picture).save(tmp_path / f"in{suffix}", **lossless)
    stored = pixels(tmp_path / f"in{suffix}", "RGB")
    monkeypatch.chdir(tmp_path)
    assert main(["upscale", f"in{suffix}", "--model", "bicubic_x2"]) == 0
    written = suffix if suffix in (".tif", ".webp") else ".png"
    found = pixels(tmp_path / f"in_x2{written}")
    error = np.abs(found.astype(int) - enlarged(stored))
    assert error.mean() < (4 if suffix == ".webp" else 0.01)


def test_palettes(tmp_path, picture):
    quantized = Image.fromarray(picture).quantize(32)
    quantized.save(tmp_path / "in.png")
    stored = np.asarray(quantized.convert("RGB"))
    assert np.array_equal(upscale(tmp_path / "in.png", tmp_path / "out.png"), enlarged(stored))
    quantized.save(tmp_path / "seen_through.png", transparency=0)
    found = upscale(tmp_path / "seen_through.png", tmp_path / "out.png")
    assert set(np.unique(found[::2, ::2, 3])) >= {0, 255}


def test_an_animated_gif_is_a_video_still(tmp_path, picture):
    frames = [Image.fromarray(np.roll(picture, 8 * i, axis=1)) for i in range(3)]
    frames[0].save(tmp_path / "in.gif", save_all=True, append_images=frames[1:], duration=100)
    arguments = ["upscale", str(tmp_path / "in.gif"), "--model", "bicubic_x2", "--output"]
    assert main([*arguments, str(tmp_path / "out.mp4")]) == 0
    assert (tmp_path / "out.mp4").stat().st_size > 0


def test_a_folder_of_many_kinds(tmp_path, picture, alpha):
    source, output = tmp_path / "in", tmp_path / "out"
    write_image(source / "a.png", picture)
    write_image(source / "b.pgm", picture[:, :, 0])
    write_image(source / "c.png", np.dstack([picture, alpha]))
    write_image(source / "d.ppm", picture[:, :, 0])  # a format of colour only
    Image.fromarray(picture).save(source / "e.gif")
    assert main(["upscale", str(source), "--output", str(output), "--model", "bicubic_x2"]) == 0
    assert sorted(path.name for path in output.iterdir()) == ["a.png", "b.pgm", "c.png", "d.ppm", "e.png"]
    assert pixels(output / "b.pgm").shape == (96, 128)
    assert pixels(output / "c.png").shape == (96, 128, 4)


def test_the_tag_of_orientation_is_obeyed(tmp_path, picture):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    Image.fromarray(picture).save(tmp_path / "in.jpg", exif=exif, quality=95)
    stored = cv2.imread(str(tmp_path / "in.jpg"))[:, :, ::-1]
    assert stored.shape == (64, 48, 3)
    assert np.abs(read_picture(tmp_path / "in.jpg").picture.astype(int) - stored).max() <= 1


@pytest.mark.parametrize("name", ["text.png", "text.gif", "text.jp2"])
def test_what_is_no_picture_is_one_line(tmp_path, name, capfd):
    (tmp_path / name).write_text("hello")
    assert main(["upscale", str(tmp_path / name), "--model", "bicubic_x2"]) == 2
    captured = capfd.readouterr()
    assert captured.err.count("\n") == 1
    assert f"{name}: not an image that can be decoded" in captured.err
