"""Checkpoints of a training run: everything to go on with, in safetensors, never a pickle."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import nn

from edgesr_ros.errors import InputError
from edgesr_ros.training.weights import save_tensors

Parts = dict[str, nn.Module | torch.optim.Optimizer]
Progress = dict[str, Any]  # plain numbers and texts


def save_checkpoint(path: Path, parts: Parts, progress: Progress) -> None:
    """Write the state of a run's networks, terms and optimizers; the file appears whole or not at all."""
    tensors: dict[str, torch.Tensor] = {}
    for name, part in parts.items():
        state = part.state_dict()
        if isinstance(part, torch.optim.Optimizer):
            state = {
                f"{index}.{key}": torch.as_tensor(value)
                for index, values in state["state"].items()
                for key, value in values.items()
            }
        tensors |= {f"{name}.{key}": value for key, value in state.items()}
    save_tensors(path, tensors, {"progress": json.dumps(progress)})


def load_checkpoint(path: Path, parts: Parts) -> Progress:
    """Put a saved state back; returns the progress that was saved with it.

    Raises:
        InputError: the file is no checkpoint, or one of other networks.
    """
    try:
        with safe_open(path, "pt") as file:
            progress: Progress = json.loads(file.metadata()["progress"])
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        for name, part in parts.items():
            saved = {
                key.removeprefix(f"{name}."): value
                for key, value in tensors.items()
                if key.startswith(f"{name}.")
            }
            if isinstance(part, torch.optim.Optimizer):
                _load_optimizer(part, saved)
            else:
                part.load_state_dict(saved)
    except (SafetensorError, RuntimeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: not a checkpoint of this recipe ({str(error).splitlines()[0]})") from None
    return progress


def _load_optimizer(optimizer: torch.optim.Optimizer, saved: dict[str, torch.Tensor]) -> None:
    state = optimizer.state_dict()
    state["state"] = {}
    for key, value in saved.items():
        index, name = key.split(".", 1)
        state["state"].setdefault(int(index), {})[name] = value
    optimizer.load_state_dict(state)
