"""The folders that commands which train share."""

import argparse
from pathlib import Path


def add_folders(parser: argparse.ArgumentParser) -> None:
    """Declare `--data`, `--work` and `--perceptual`."""
    parser.add_argument(
        "--data", type=Path, required=True, help="folder of photographs, searched recursively"
    )
    parser.add_argument(
        "--work", type=Path, default=Path("work"), help="folder for patches and all that recipes make"
    )
    parser.add_argument(
        "--perceptual",
        type=Path,
        help="npz weights of the recipe's perceptual network; default: WORK/perceptual/<network>.npz",
    )
