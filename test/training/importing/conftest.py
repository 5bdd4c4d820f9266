"""Checkpoints as the authors' files are, of weights made by formula: none of theirs is needed.

neighbours_parity.json has names and shapes of the authors' tensors, neighbours_parity.npz what their modules
make of pictures with such weights. Each tensor is random, by a seed that is its name.
"""

import json
import zlib
from pathlib import Path

import numpy as np
import pytest

PARITY = Path(__file__).with_name("neighbours_parity.npz")
NAMES = json.loads(PARITY.with_suffix(".json").read_text())


def by_formula(key: str, shape: list[int]) -> np.ndarray:
    noise = np.random.default_rng(zlib.crc32(key.encode())).standard_normal(shape)
    value = np.asarray(noise, np.float32)
    if key.endswith("num_batches_tracked"):
        return np.array(1)
    if key.endswith("running_var"):
        return 0.5 + np.abs(value)
    if key.endswith("complex_weight"):
        return value * np.float32(0.5) / np.float32(shape[1] ** 0.5)
    if len(shape) == 4:
        gain = 0.1 if key == "final_conv.pointwise.weight" else 1.0
        return value * np.float32(gain) / np.float32(np.prod(shape[1:]) ** 0.5)
    if len(shape) == 1 and key.endswith("weight"):
        return 1 + np.float32(0.1) * value if ".bn." in key else 0.25 + np.float32(0.05) * value
    return np.float32(0.1) * value


@pytest.fixture
def state():
    """The tensors of one of the authors' files, by their names, from its name in the list."""
    import torch

    def make(name: str) -> dict[str, "torch.Tensor"]:
        return {key: torch.from_numpy(by_formula(key, shape)) for key, shape in NAMES[name].items()}

    return make


@pytest.fixture
def checkpoint(tmp_path, state):
    """Writes a file as the authors did: newer, with the tensors under `model`, or older, with them alone."""
    import torch

    def write(name: str, older: bool = False, **others: object) -> Path:
        path = tmp_path / f"{name}.pt"
        whole = state(name) if older else {"model": state(name), **others}
        torch.save(whole, path, _use_new_zipfile_serialization=not older)
        return path

    return write
