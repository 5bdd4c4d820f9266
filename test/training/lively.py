"""Networks of which no two channels are alike, and pictures for them."""

import numpy as np
import torch
from torch import nn


@torch.no_grad()
def lively(network: nn.Module) -> nn.Module:
    """The network, whose batch norms and PReLUs do something, each channel's something else."""
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            for values in (layer.weight, layer.running_var):
                values.uniform_(0.5, 1.5)
            for values in (layer.bias, layer.running_mean):
                values.uniform_(-0.2, 0.2)
        elif isinstance(layer, nn.PReLU):
            layer.weight.uniform_(0, 0.5)
    return network


def smooth_picture(seed: int, size: tuple[int, int], coarse: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) uint8 RGB, of so many random colours; sizes are (height, width)."""
    colours = torch.rand(1, 3, *coarse, generator=torch.Generator().manual_seed(seed))
    smooth = nn.functional.interpolate(colours, size, mode="bilinear")
    return (255 * smooth)[0].permute(1, 2, 0).numpy().astype(np.uint8)
