"""Checkpoints of a training run: everything to go on with, in safetensors, never a pickle."""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from edgesr_ros.errors import InputError


def save_checkpoint(
    path: Path,
    network: nn.Module,
    average: nn.Module,
    optimizer: torch.optim.Optimizer,
    progress: dict[str, float],
) -> None:
    """Write the state of a run; the file appears whole or not at all."""
    tensors = {f"network.{key}": value for key, value in network.state_dict().items()}
    tensors |= {f"average.{key}": value for key, value in average.state_dict().items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{key}": torch.as_tensor(value) for key, value in state.items()}
    partial = path.with_suffix(".part")
    save_file(
        {key: value.detach().cpu().contiguous() for key, value in tensors.items()},
        partial,
        metadata={"progress": json.dumps(progress)},
    )
    partial.replace(path)


def load_checkpoint(
    path: Path, network: nn.Module, average: nn.Module, optimizer: torch.optim.Optimizer
) -> dict[str, float]:
    """Put a saved state back; returns the progress that was saved with it.

    Raises:
        InputError: the file is no checkpoint, or one of another network.
    """
    try:
        with safe_open(path, "pt") as file:
            progress = json.loads(file.metadata()["progress"])
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        network.load_state_dict(_below(tensors, "network."))
        average.load_state_dict(_below(tensors, "average."))
    except (SafetensorError, RuntimeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: not a checkpoint of this network ({str(error).splitlines()[0]})") from None
    state = optimizer.state_dict()
    state["state"] = {}
    for key, value in _below(tensors, "optimizer.").items():
        index, name = key.split(".", 1)
        state["state"].setdefault(int(index), {})[name] = value
    optimizer.load_state_dict(state)
    return progress


def _below(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
