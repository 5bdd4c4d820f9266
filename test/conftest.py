"""Fixtures of all tests."""

import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from edgesr_ros.sources.files import list_images, read_image

_ROOT = Path(__file__).resolve().parents[1]
_SHARED = _ROOT.parent / "shared"
# What an older PyAV does otherwise: its SVT-AV1 takes no rate and no reference with a frame.
_OTHERWISE_IN_OLDER = ("codecs", "ends", "ladder", "ros/test_chain.py")
# Domains 0..101 leave the ports of the operating system alone on every platform; 0 is the users' own.
_domains = (1 + number % 101 for number in itertools.count(os.getpid()))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--older",
        action="store_true",
        help="of what is not named by its file only what `make test` leaves to its environment with an older "
        "Python: what needs PyTorch, and what an older PyAV does otherwise",
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leaves out files of tests by `--older`; None: as ever."""
    if not config.getoption("older") or not collection_path.name.startswith("test_"):
        return None
    name = collection_path.relative_to(_ROOT / "test").as_posix()
    wanted = name.startswith(_OTHERWISE_IN_OLDER) or 'importorskip("torch"' in collection_path.read_text()
    return None if wanted else True


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Which backend is fastest is remembered for the tests alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def _same_scheduling() -> Iterator[None]:
    """No test leaves us with real-time priority, which every node that later tests start would have too."""
    before, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    yield
    after = os.sched_getscheduler(0)
    os.sched_setscheduler(0, before, parameters)
    assert after == before


@pytest.fixture
def picture() -> np.ndarray:
    """(48, 64, 3) uint8 RGB: smooth colour gradients, a bright red block and a dark edge."""
    y, x = np.mgrid[0:48, 0:64]
    rgb = np.stack([4 * x, 5 * y, 255 - 2 * (x + y)], axis=2).clip(0, 255).astype(np.uint8)
    rgb[8:24, 8:24] = (250, 20, 10)
    rgb[30:, 40:] //= 4
    return rgb


@pytest.fixture(scope="session")
def clip() -> list[np.ndarray]:
    """90 frames (129, 161, 3) uint8 RGB: a camera that pans over texture, with a sensor's noise."""
    rng = np.random.default_rng(11)
    rough = rng.integers(0, 256, (40, 60, 3), dtype=np.uint8)
    scene = cv2.resize(rough, (480, 320), interpolation=cv2.INTER_CUBIC) + rng.normal(0, 6, (320, 480, 3))
    frames = []
    for number in range(90):
        top, left = number, 3 * number
        seen = scene[top : top + 129, left : left + 161] + rng.normal(0, 2, (129, 161, 3))
        frames.append(seen.round().clip(0, 255).astype(np.uint8))
    return frames


@pytest.fixture(scope="session")
def photograph() -> np.ndarray:
    """(384, 480, 3) uint8 RGB with the statistics of a photograph: a 1/f spectrum, and edges of discs."""
    rng = np.random.default_rng(7)
    height, width = 384, 480
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    frequency[0, 0] = 1
    spectrum = np.fft.rfft2(rng.normal(size=(3, height, width))) / frequency
    texture = np.fft.irfft2(spectrum, (height, width)).transpose(1, 2, 0)
    rgb = 128 + 24 * texture / texture.std()
    for _ in range(60):
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        disc = cv2.circle(
            np.zeros((height, width), np.float32), centre, int(rng.integers(5, 60)), 1, -1, cv2.LINE_AA
        )
        rgb += cv2.GaussianBlur(disc, (3, 3), 0.6)[:, :, None] * rng.normal(0, 40, 3)
    return np.clip(rgb, 0, 255).astype(np.uint8)


@pytest.fixture
def shared() -> Path:
    """The folder of recordings, photographs and test sets beside the checkout."""
    if not _SHARED.is_dir():
        pytest.skip("needs ../shared beside the checkout: recordings and test sets that do not ship with it")
    return _SHARED


@pytest.fixture
def set5_bicubic(shared: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """Set5 x4: each picture enlarged by bicubic that rounds once, at its end, and its original."""
    pairs = []
    for path in list_images(shared / "data" / "eval" / "set5" / "HR"):
        high, low = read_image(path), read_image(path.parents[1] / "LRx4" / path.name)
        size = (high.shape[1], high.shape[0])
        planes = [
            Image.fromarray(low[:, :, channel].astype(np.float32)).resize(size, Image.Resampling.BICUBIC)
            for channel in range(3)
        ]
        enlarged = np.stack([np.asarray(plane) for plane in planes], axis=2).round().clip(0, 255)
        pairs.append((enlarged.astype(np.uint8), high))
    return pairs


@pytest.fixture
def ros_domain(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A ROS domain of the test's own, also set in the environment."""
    domain = next(_domains)
    monkeypatch.setenv("ROS_DOMAIN_ID", str(domain))
    yield domain


@pytest.fixture(scope="module")
def module_domain() -> int:
    """A ROS domain of a module's own."""
    return next(_domains)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that `pip install .` makes, built from a copy: building writes beside the sources."""
    pytest.importorskip("setuptools", minversion="70.1", reason="see requirements/test.txt")
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "copy"
    unwanted = shutil.ignore_patterns(".*", "build", "*.egg-info", "__pycache__", "test", "benchmarks")
    shutil.copytree(_ROOT, copy, ignore=unwanted)
    _pip("wheel", "--no-build-isolation", "--wheel-dir", str(folder), str(copy))
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def prefix(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the wheel is installed."""
    folder = tmp_path_factory.mktemp("prefix")
    _pip("install", "--ignore-installed", "--prefix", str(folder), str(wheel))
    return folder


def _pip(command: str, *arguments: str) -> None:
    options = ("--no-deps", "--quiet", "--disable-pip-version-check")
    done = subprocess.run(
        [sys.executable, "-m", "pip", command, *options, *arguments],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
