"""How much a network computes."""

from copy import deepcopy

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

_SAMPLE = (120, 160)  # rows, columns
_FLOPS = 2  # of a multiply-accumulate


def macs_per_pixel(network: nn.Module, size: tuple[int, int] = _SAMPLE) -> int:
    """Multiply-accumulate operations of convolutions and matrix products for each pixel that comes in.

    The border's zeros count as if they were multiplied, as papers count. A Fourier unit multiplies each pixel
    with a whole row: it counts as for pictures of 160 columns. All others do the same at any size.

    Args:
        network: of pictures (N, 3, H, W).
        size: (H, W), where it cannot take any.
    """
    shapes_only = deepcopy(network).to("meta")
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        shapes_only(torch.zeros((1, 3, *size), device="meta"))
    return int(counter.get_total_flops()) // _FLOPS // (size[0] * size[1])
