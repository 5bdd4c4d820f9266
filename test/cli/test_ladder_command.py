import numpy as np
import pytest

from edgesr_ros.cli.main import main
from edgesr_ros.ladder.points import hull, read_ladder
from edgesr_ros.ladder.settings import QUALITIES
from edgesr_ros.sources.files import write_image


@pytest.fixture
def recording(tmp_path):
    """A folder of 60 pictures 64x64: a pan over texture."""
    rng = np.random.default_rng(8)
    rough = rng.integers(0, 256, (40, 60, 3), dtype=np.uint8)
    scene = np.kron(rough, np.ones((4, 4, 1), np.uint8))
    for number in range(60):
        write_image(tmp_path / "pan" / f"{number:02}.png", scene[number : number + 64, number : number + 64])
    return str(tmp_path / "pan")


@pytest.mark.parametrize("codec", ["webp", "jpeg", "avif", "h264", "av1"])
def test_it_measures_and_writes_the_hull(recording, tmp_path, capsys, monkeypatch, codec):
    monkeypatch.setitem(QUALITIES, codec, (20, 50, 80))
    path = tmp_path / "out" / "mine.json"
    arguments = ["--input", recording, "--codec", codec, "--output", str(path), "--frames", "1"]
    assert main(["ladder", *arguments, "--network", "bicubic"]) == 0
    ladder = read_ladder(str(path))
    assert ladder.codecs == {codec}
    settings = [(point.scale, point.quality) for point in ladder.measured]
    assert settings == [(scale, quality) for scale in (1, 2, 4, 8) for quality in (20, 50, 80)]
    assert ladder.points == hull(ladder.measured)
    assert ladder.networks == {"x2": "bicubic_x2", "x4": "bicubic_x4", "x8": "bicubic_x8"}
    assert len(ladder.sources) == 1
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith(f"measured: {codec}, folder pan")
    assert len(printed) == 2 + len(ladder.points)


def test_codecs_that_stand_alone_share_a_ladder(recording, tmp_path, monkeypatch):
    for codec in ("webp", "avif"):
        monkeypatch.setitem(QUALITIES, codec, (20, 80))
    path = tmp_path / "mine.json"
    arguments = ["--input", recording, "--codec", "webp", "avif", "--output", str(path), "--frames", "1"]
    assert main(["ladder", *arguments, "--network", "bicubic"]) == 0
    ladder = read_ladder(str(path))
    assert {point.mode for point in ladder.measured} == {
        (c, s) for c in ("webp", "avif") for s in (1, 2, 4, 8)
    }
    assert ladder.points == hull(ladder.measured)


def test_shipped_networks_of_the_link_enlarge(tmp_path):
    write_image(tmp_path / "a" / "a.png", np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8))
    arguments = ["--input", str(tmp_path / "a"), "--codec", "jpeg", "--output", str(tmp_path / "a.json")]
    assert main(["ladder", *arguments]) == 0
    assert read_ladder(str(tmp_path / "a.json")).networks["x4"] == "edgesrgan_tiny_x4_link"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--input", "no/such", "--codec", "webp"], "no/such: no such folder or file"),
        (["--input", "{pictures}", "--codec", "h264"], "clip of 1 frames, expected at least 60 for a stream"),
        (
            ["--input", "{pictures}", "--codec", "webp", "h264"],
            "--codec is h264 and others, expected h264 alone",
        ),
        (["--input", "{pictures}", "--codec", "webp", "--frames", "0"], "--frames is 0, expected at least 1"),
    ],
)
def test_mistakes_are_one_line(tmp_path, capsys, arguments, message):
    write_image(tmp_path / "pictures" / "a.png", np.zeros((64, 64, 3), np.uint8))
    given = [text.replace("{pictures}", str(tmp_path / "pictures")) for text in arguments]
    assert main(["ladder", *given, "--output", str(tmp_path / "out.json")]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out.json").exists()
