"""Photographs → patches, cut once ahead of time: cutting them inside the loop costs a third of the speed."""

import hashlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import cv2
import msgspec
import numpy as np
from msgspec import Meta
from PIL import Image
from tqdm import tqdm

from edgesr_ros.errors import InputError
from edgesr_ros.schema import Struct
from edgesr_ros.sources.files import list_images, read_image
from edgesr_ros.training import degradation
from edgesr_ros.training.degradation import DEGRADATIONS, Pair

Positive = Annotated[int, Meta(ge=1)]


class PatchRecipe(Struct):
    """How training patches are cut from photographs."""

    size: Positive = 96  # side of the high-resolution patch, pixels
    stride: Positive = 48  # one patch for each stride x stride cell of each photograph
    # Also cut from photographs reduced by these factors.
    reductions: tuple[Annotated[float, Meta(gt=0, le=1)], ...] = (1.0,)
    # How low-resolution pictures are made: as in the papers, or as the onboard node sends them.
    degradation: Literal["bicubic", "link"] = "bicubic"
    variants: Positive = 1  # times that each photograph is degraded anew, where that is random
    validation_every: Annotated[int, Meta(ge=2)] = 40  # each n-th photograph validates instead


class PatchSet:
    """Aligned low- and high-resolution patches, drawn reproducibly by (seed, step)."""

    def __init__(self, low: np.ndarray, high: np.ndarray, validation: list[Pair]) -> None:
        self.low, self.high, self.validation = low, high, validation

    def batch(self, size: int, seed: int, step: int) -> Pair:
        """`size` random patches, flipped and turned: (N, h, w, 3) and (N, s·h, s·w, 3) uint8.

        Depends on nothing but the arguments, so that a resumed run sees what an unbroken one would.
        """
        rng = np.random.default_rng((seed, step))
        low = np.empty((size, *self.low.shape[1:]), np.uint8)
        high = np.empty((size, *self.high.shape[1:]), np.uint8)
        for i, index in enumerate(rng.integers(len(self.low), size=size)):
            turns, flip = (int(number) for number in rng.integers((4, 2)))
            for out, source in ((low, self.low), (high, self.high)):
                patch = np.rot90(source[index], turns)
                out[i] = patch[:, ::-1] if flip else patch
        return low, high


def prepare_patches(folder: Path, recipe: PatchRecipe, scale: int, cache: Path) -> PatchSet:
    """The patches of all photographs below `folder`; cut on the first call, read from `cache` afterwards.

    Raises:
        InputError: the folder has no photograph, or none is large enough.
    """
    images = list_images(folder, recursive=True)
    train = [path for i, path in enumerate(images) if i % recipe.validation_every]
    held_out = (read_image(path) for path in images[:: recipe.validation_every])
    degrade, rng = DEGRADATIONS[recipe.degradation].reduce, np.random.default_rng(0)
    validation = [degrade(image, scale, rng) for image in held_out if min(image.shape[:2]) >= recipe.size]
    if not validation:
        raise InputError(f"{folder}: {_none_of(recipe)} to validate with")
    names = "\n".join(str(path.relative_to(folder)) for path in images)
    # With the code that degrades: patches of another are not these.
    key = hashlib.sha256(msgspec.json.encode((names, recipe, scale, inspect.getsource(degradation))))
    name = f"patches_{key.hexdigest()[:16]}"
    files = [cache / f"{name}_{part}.npy" for part in ("low", "high")]
    if not all(file.exists() for file in files):
        cache.mkdir(parents=True, exist_ok=True)
        partial = [file.with_suffix(".part") for file in files]
        _cut_all(folder, train, recipe, scale, partial)
        for part, file in zip(partial, files, strict=True):
            part.replace(file)  # an interrupted preparation leaves no half file behind
    low, high = (np.load(file, mmap_mode="r") for file in files)
    return PatchSet(low, high, validation)


def _cut_all(folder: Path, images: list[Path], recipe: PatchRecipe, scale: int, files: list[Path]) -> None:
    """Write all patches, `low` and `high`, into npy files: they may be more than memory holds."""
    if recipe.size % scale:
        raise InputError(f"patches.size: expected a multiple of the scale {scale}, got {recipe.size}")
    total = sum(
        recipe.variants * count for path in images for _, count in _reductions(_size_of(path), recipe)
    )
    if not total:
        raise InputError(f"{folder}: {_none_of(recipe)} to cut patches from")
    side = recipe.size // scale
    lows, highs = (
        np.lib.format.open_memmap(file, "w+", np.uint8, (total, length, length, 3))
        for file, length in zip(files, (side, recipe.size), strict=True)
    )
    degrade, rng = DEGRADATIONS[recipe.degradation].reduce, np.random.default_rng(0)
    index = 0
    for path in tqdm(images, desc="cutting patches", unit="photo"):
        photograph = read_image(path)
        for (height, width), count in _reductions(photograph.shape[:2], recipe):
            reduced = cv2.resize(photograph, (width, height), interpolation=cv2.INTER_AREA)
            for _ in range(recipe.variants):
                low, high = degrade(reduced, scale, rng)
                rows, columns = low.shape[0] - side + 1, low.shape[1] - side + 1
                for _ in range(count):
                    y, x = int(rng.integers(rows)), int(rng.integers(columns))
                    lows[index] = low[y : y + side, x : x + side]
                    highs[index] = high[y * scale :, x * scale :][: recipe.size, : recipe.size]
                    index += 1


def _reductions(size: tuple[int, ...], recipe: PatchRecipe) -> Iterator[tuple[tuple[int, int], int]]:
    """Sizes (rows, columns) of a photograph to cut from, and how many patches each variant of it gives."""
    for reduction in recipe.reductions:
        height, width = (round(length * reduction) for length in size)
        if min(height, width) >= recipe.size:
            yield (height, width), max(1, (height * width) // recipe.stride**2 // recipe.variants)


def _size_of(path: Path) -> tuple[int, int]:
    """Of a photograph, from its header: which side is which depends on how the camera was held."""
    try:
        with Image.open(path) as image:
            return image.size
    except OSError:  # unknown to Pillow: OpenCV reads it, or says in one line that it cannot
        height, width = read_image(path).shape[:2]
        return width, height


def _none_of(recipe: PatchRecipe) -> str:
    return (
        f"no photograph of at least {recipe.size}x{recipe.size} pixels "
        f"(each {recipe.validation_every}th, from the first, validates)"
    )
