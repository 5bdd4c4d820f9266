from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgesr_ros.sources.files import write_image


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Sums in one order, so that equal runs are equal to the last bit; and no waiting for others' threads."""
    torch = pytest.importorskip("torch", reason="the networks are torch modules: requirements/train.txt")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def photographs(tmp_path: Path) -> Callable[..., Path]:
    """Writes photographs of the given sizes (height, width) into a folder: smooth colours and sharp edges."""

    def write(*sizes: tuple[int, int]) -> Path:
        folder = tmp_path / "photographs"
        for index, (height, width) in enumerate(sizes):
            rng = np.random.default_rng(index)
            coarse = rng.uniform(40, 215, (5, 6, 3)).astype(np.float32)
            rgb = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 255)
            rgb = rgb.astype(np.uint8)
            for _ in range(6):
                y, x = int(rng.integers(height)), int(rng.integers(width))
                rgb[y : y + height // 4, x : x + width // 5] = rng.integers(0, 256, 3)
            write_image(folder / f"{index:03}.png", rgb)
        return folder

    return write
