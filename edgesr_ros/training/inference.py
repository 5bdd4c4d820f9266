"""A trained network as the exporters take it: weights loaded, pictures as the runtimes hand them over."""

from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from edgesr_ros.errors import InputError
from edgesr_ros.networks import create_network


class PictureModel(nn.Module):
    """A network with pictures in and out: the conversions belong to the graph, not to every user of it."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        """(1, H, W, 3) uint8 RGB → (1, s·H, s·W, 3) uint8 RGB."""
        enlarged = self.network(picture.permute(0, 3, 1, 2).float())
        return enlarged.permute(0, 2, 3, 1).round().clamp(0, 255).to(torch.uint8)


@torch.no_grad()
def upscale(network: nn.Module, image: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 RGB → (s·H, s·W, 3) uint8 RGB by a torch network, in float32."""
    picture = torch.from_numpy(image[None]).to(next(network.parameters()).device)
    return PictureModel(network)(picture)[0].cpu().numpy()


def load_network(weights: Path, name: str, scale: int) -> nn.Module:
    """The network `name` with the weights of a safetensors file, for inference.

    Raises:
        InputError: no such file, not safetensors, or the weights of another network.
    """
    network = create_network(name, scale)
    try:
        network.load_state_dict(load_file(weights))
    except (OSError, SafetensorError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{weights}: not weights of {name} at scale {scale} ({reason})") from None
    return network.eval().requires_grad_(False)
