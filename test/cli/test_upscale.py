import cv2
import numpy as np
import pytest

from edgesr_ros.cli.main import main
from edgesr_ros.frames.resize import resize_bicubic
from edgesr_ros.sources.files import read_image, write_image
from edgesr_ros.sources.video import VideoSource
from edgesr_ros.sources.video_writer import VideoWriter
from edgesr_ros.upscaling.catalog import load_upscaler


def picture(seed, height=24, width=32):
    noise = np.random.default_rng(seed).normal(128, 60, (height // 8, width // 8, 3)).clip(0, 255)
    return cv2.resize(noise.astype(np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)


def bicubic(rgb, scale):
    return resize_bicubic(rgb, scale * rgb.shape[0], scale * rgb.shape[1])


def test_image_with_the_default_network(tmp_path, capsys):
    pytest.importorskip("onnxruntime", reason="runs the default network")
    rgb = picture(1)
    write_image(tmp_path / "in.png", rgb)
    assert main(["upscale", str(tmp_path / "in.png"), "--output", str(tmp_path / "out.png")]) == 0
    expected = load_upscaler("edgesrgan_tiny_x4").upscale(rgb)
    np.testing.assert_array_equal(read_image(tmp_path / "out.png"), expected)
    assert "edgesrgan_tiny_x4 on onnxruntime" in capsys.readouterr().out


def test_default_output_is_named_after_the_input(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    write_image(tmp_path / "elsewhere" / "view.png", picture(1))
    monkeypatch.chdir(tmp_path)
    assert main(["upscale", "elsewhere/view.png", "--model", "bicubic_x2"]) == 0
    np.testing.assert_array_equal(read_image(tmp_path / "view_x2.png"), bicubic(picture(1), 2))


def test_folder_keeps_the_names(tmp_path):
    source, output = tmp_path / "in", tmp_path / "out"
    for seed, name in enumerate(["b.png", "a.bmp"]):
        write_image(source / name, picture(seed))
    (source / "notes.txt").write_text("not an image")
    assert main(["upscale", str(source), "--output", str(output), "--model", "bicubic_x2"]) == 0
    assert sorted(path.name for path in output.iterdir()) == ["a.bmp", "b.png"]
    np.testing.assert_array_equal(read_image(output / "b.png"), bicubic(picture(0), 2))
    np.testing.assert_array_equal(read_image(output / "a.bmp"), bicubic(picture(1), 2))


def test_video_keeps_pictures_and_stamps(tmp_path):
    stamps = [0, 100_000_000, 150_000_000, 400_000_000]
    with VideoWriter(tmp_path / "in.mp4", 32, 24) as video:
        for seed, stamp_ns in enumerate(stamps):
            video.write(picture(seed), stamp_ns)
    assert (
        main(
            ["upscale", str(tmp_path / "in.mp4"), "--output", str(tmp_path / "out.mkv"), "--model", "bicubic"]
        )
        == 0
    )
    before, after = (list(VideoSource(tmp_path / name)) for name in ("in.mp4", "out.mkv"))
    assert len(after) == len(stamps)
    for small, large in zip(before, after, strict=True):
        assert large.stamp_ns == pytest.approx(small.stamp_ns, abs=1_000_000)  # .mkv has milliseconds
        assert np.abs(large.array.astype(int) - bicubic(small.array, 4)).mean() < 3


@pytest.fixture
def faulty(tmp_path):
    write_image(tmp_path / "good.png", picture(0))
    (tmp_path / "text.png").write_text("no image")
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "empty").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.png"], "none.png: no such file or folder"),
        (["text.png"], "text.png: not an image"),
        (["text.mp4"], "text.mp4: not a video"),
        (["empty"], "empty: no image in it"),
        (["good.png", "--output", "good.png"], "--output: is the input"),
        (["good.png", "--output", "out.xyz"], "out.xyz: cannot be written"),
        (["good.png", "--model", "none_x4"], "model 'none_x4': no such file"),
        (["good.png", "--threads", "0"], "threads: expected at least 1"),
        (["good.png", "--backend", "litert"], "bicubic runs on bicubic, got litert"),
    ],
)
def test_mistakes_are_one_line_and_status_2(faulty, monkeypatch, capfd, arguments, message):
    monkeypatch.chdir(faulty)
    assert main(["upscale", "--model", "bicubic", *arguments]) == 2
    captured = capfd.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""
