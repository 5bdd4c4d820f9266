"""Measuring an upscaler on a data set of pictures."""

import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from edgesr_ros.errors import InputError
from edgesr_ros.frames.resize import resize_bicubic
from edgesr_ros.quality import niqe
from edgesr_ros.quality.distortion import PSNR_LIMIT, psnr_y, ssim_y
from edgesr_ros.quality.lpips import SMALLEST, Lpips
from edgesr_ros.schema import Struct
from edgesr_ros.sources.files import list_images, read_image

_DIGITS = 4  # of every figure


class ImageScores(Struct, frozen=True):
    """Figures of one picture; see `EvaluationRow`."""

    image: str
    psnr_y_db: float
    ssim_y: float
    lpips_alex: float
    lpips_vgg: float | None
    niqe: float | None


class EvaluationRow(Struct, frozen=True):
    """Figures of an upscaler on a data set: the means over its pictures."""

    dataset: str
    psnr_y_db: float  # on Y of BT.601, `scale` pixels shaved off each border; equal pictures count 100 dB
    ssim_y: float  # as PSNR
    lpips_alex: float  # on whole RGB pictures, as lpips_vgg and niqe
    lpips_vgg: float | None  # null: its weights were not given
    niqe: float | None  # of the upscaled picture alone; null where no picture has one
    niqe_model: str
    niqe_left_out: list[str]  # pictures that have none, and why
    images: list[ImageScores]


def evaluate(
    upscale: Callable[[np.ndarray], np.ndarray],
    scale: int,
    dataset: Path,
    threads: int = 1,
    lpips_vgg: Path | None = None,
) -> EvaluationRow:
    """Upscale each low-resolution picture of a data set and compare it with its original.

    Args:
        upscale: (h, w, 3) uint8 RGB → (scale·h, scale·w, 3) uint8 RGB.
        scale: what `upscale` enlarges by.
        dataset: folder with the originals in `HR` and, under the same names, what is to be upscaled in
            `LRx<scale>`. Without the latter, MATLAB-style bicubic reduces the originals. A folder without
            `HR` is taken as the originals themselves.
        threads: for the perceptual networks.
        lpips_vgg: LPIPS by VGG16, as `training.export_lpips --network vgg` makes it.

    Raises:
        InputError: no pictures, one that cannot be read or is too small, or sizes that do not fit; or no
            such perceptual network.
    """
    name = dataset.resolve().name
    return evaluate_pairs(upscale, scale, name, picture_pairs(dataset, scale), threads, lpips_vgg)


def evaluate_pairs(
    upscale: Callable[[np.ndarray], np.ndarray],
    scale: int,
    dataset: str,
    pairs: Iterable[tuple[str, np.ndarray, np.ndarray]],
    threads: int = 1,
    lpips_vgg: Path | None = None,
) -> EvaluationRow:
    """As `evaluate`, of pictures at hand.

    Args:
        upscale, scale, threads, lpips_vgg: as of `evaluate`.
        dataset: what they are called together.
        pairs: name, low-resolution picture and original of each, as of `picture_pairs`.

    Raises:
        InputError: as `evaluate`.
    """
    by_alex, natural = Lpips(threads), niqe.Niqe()
    by_vgg = Lpips(threads, lpips_vgg, "vgg") if lpips_vgg else None
    images: list[ImageScores] = []
    left_out: list[str] = []
    for name, low, high in pairs:
        upscaled = upscale(low)
        if upscaled.shape != high.shape:
            raise InputError(
                f"{name}: upscaled to {_size(upscaled)}, expected {_size(high)} (scale {scale}?)"
            )
        try:
            naturalness = round(natural(upscaled), _DIGITS)
        except InputError as error:
            naturalness = None
            left_out.append(f"{name}: {error}")
        images.append(
            ImageScores(
                image=name,
                psnr_y_db=round(min(psnr_y(upscaled, high, scale), PSNR_LIMIT), _DIGITS),
                ssim_y=round(ssim_y(upscaled, high, scale), _DIGITS),
                lpips_alex=round(by_alex(upscaled, high), _DIGITS),
                lpips_vgg=round(by_vgg(upscaled, high), _DIGITS) if by_vgg else None,
                niqe=naturalness,
            )
        )
    return EvaluationRow(
        dataset=dataset,
        psnr_y_db=_mean([image.psnr_y_db for image in images]),
        ssim_y=_mean([image.ssim_y for image in images]),
        lpips_alex=_mean([image.lpips_alex for image in images]),
        lpips_vgg=_mean_of_known([image.lpips_vgg for image in images]),
        niqe=_mean_of_known([image.niqe for image in images]),
        niqe_model=niqe.MODEL_NAME,
        niqe_left_out=left_out,
        images=images,
    )


def picture_pairs(dataset: Path, scale: int) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """File name, low-resolution picture and original of each picture, of sizes that fit.

    Args and errors as `evaluate`.
    """
    originals = dataset / "HR" if (dataset / "HR").is_dir() else dataset
    reduced = dataset / f"LRx{scale}"
    # SSIM's window has to fit into what is left after shaving.
    smallest = max(SMALLEST, 2 * scale + 11)
    for path in list_images(originals):
        high = read_image(path)
        height, width = high.shape[0] // scale, high.shape[1] // scale
        high = np.ascontiguousarray(high[: height * scale, : width * scale])
        if min(high.shape[:2]) < smallest:
            raise InputError(f"{path}: {_size(high)} is too small, expected {smallest}x{smallest} or more")
        if not reduced.is_dir():
            yield path.name, resize_bicubic(high, height, width), high
            continue
        low = read_image(reduced / path.name)
        if low.shape[:2] != (height, width):
            raise InputError(f"{reduced / path.name}: {_size(low)}, expected {width}x{height}")
        yield path.name, low, high


def _mean(values: list[float]) -> float:
    return round(math.fsum(values) / len(values), _DIGITS)


def _mean_of_known(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return _mean(known) if known else None


def _size(image: np.ndarray) -> str:
    return f"{image.shape[1]}x{image.shape[0]}"
