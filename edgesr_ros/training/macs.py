"""How much a network computes."""

import torch
from torch import nn

_SAMPLE = (24, 32)  # rows, columns: any will do, networks of this kind do the same for every pixel


def macs_per_pixel(network: nn.Module) -> int:
    """Multiply-accumulate operations of the convolutions for each pixel that comes in.

    The border's zeros count as if they were multiplied, as papers count.

    Args:
        network: (N, 3, H, W) → (N, 3, s·H, s·W), made of Conv2d and ConvTranspose2d.
    """
    total = 0

    def count(layer: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        nonlocal total
        # Each weight of a convolution is used once for each pixel that it writes; of a transposed one, reads.
        pixels = inputs[0] if isinstance(layer, nn.ConvTranspose2d) else output
        assert isinstance(layer.weight, torch.Tensor)
        total += layer.weight.numel() * pixels.shape[2] * pixels.shape[3]

    layers = [layer for layer in network.modules() if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d))]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    try:
        with torch.no_grad():
            network(torch.zeros((1, 3, *_SAMPLE)))
    finally:
        for hook in hooks:
            hook.remove()
    return total // (_SAMPLE[0] * _SAMPLE[1])
