"""Whether PyTorch is there, which most commands do without."""

import importlib.util

from edgesr_ros.errors import InputError


def require_torch(what: str) -> None:
    """Say in one line what PyTorch is needed for.

    Raises:
        InputError: it is not installed.
    """
    if not all(importlib.util.find_spec(package) for package in ("torch", "safetensors")):
        raise InputError(f"{what}: needs PyTorch (pip install -r requirements/train.txt)")
