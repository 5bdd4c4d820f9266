import cv2
import numpy as np
import pytest

from edgesr_ros.codecs.svt_av1 import SvtError, load


@pytest.fixture(scope="session")
def svt():
    """The library, or a skip where it cannot be had."""
    try:
        return load()
    except SvtError as error:
        pytest.skip(str(error))


@pytest.fixture
def steered(svt):
    """The library where each frame can have a rate and a reference of its own."""
    if not svt.steered:
        pytest.skip(f"SVT-AV1 {svt.version}: takes no rate and no anchor with a frame, expected 4.2")
    return svt


@pytest.fixture(scope="session")
def drive(photograph):
    """120 frames (240, 320, 3) uint8 RGB of a camera that drives slowly forwards, and back."""
    rng = np.random.default_rng(3)
    scene = cv2.resize(cv2.GaussianBlur(photograph, (0, 0), 1.2), (960, 768), interpolation=cv2.INTER_CUBIC)
    frames = []
    for number in range(120):
        step = 2 * 1.004 ** -min(number, 120 - number)
        view = np.float32([[step, 0, 480 - 160 * step + 0.7 * number], [0, step, 384 - 120 * step]])
        seen = cv2.warpAffine(scene, view, (320, 240), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        frames.append((seen + rng.normal(0, 1.5, seen.shape)).round().clip(0, 255).astype(np.uint8))
    return frames
