"""Make the networks by whose features training compares: `python -m edgesr_ros.training.export_perceptual`.

Writes vgg16.npz (VGG16's 13 convolutions and the heads of LPIPS-vgg) and mobilenet_v2.npz (torchvision's
state dict): arrays only, under the licences that `perceptual_weights` states. They are too large
to ship.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from edgesr_ros.training.perceptual_weights import lpips_weights, mobilenet_v2_weights


def half_kernels(weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """`lpips_weights` with the convolutions' kernels as float16, which halves the file."""
    return {
        name: value.astype(np.float16) if name.startswith("conv") and value.ndim == 4 else value
        for name, value in weights.items()
    }


def write_arrays(path: Path, arrays: dict[str, Any]) -> None:
    """Write an npz file, and the folder that it lies in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **arrays)
    print(f"{path}: {path.stat().st_size} bytes")


def main() -> None:
    """Download the weights and write the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--output", type=Path, default=Path("work/perceptual"), help="folder (default: %(default)s)"
    )
    folder = parser.parse_args().output
    write_arrays(folder / "vgg16.npz", half_kernels(lpips_weights("vgg")))
    write_arrays(folder / "mobilenet_v2.npz", mobilenet_v2_weights())


if __name__ == "__main__":
    main()
