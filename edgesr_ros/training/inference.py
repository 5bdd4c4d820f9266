"""A network in torch on pictures as the runtimes hand them over: what exported files are compared with."""

import numpy as np
import torch
from torch import nn

from edgesr_ros.networks.fold import PictureModel


@torch.no_grad()
def upscale(network: nn.Module, image: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 RGB → (s·H, s·W, 3) uint8 RGB by a torch network as it stands, in float32.

    With batch norm it has to be in `eval()`: else one picture's own statistics count, and are kept.
    """
    picture = torch.from_numpy(image[None]).to(next(network.parameters()).device)
    return PictureModel(network)(picture)[0].cpu().numpy()
