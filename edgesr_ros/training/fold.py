"""EdgeSRGAN without transposed convolutions: the same function for runtimes that have none in int8.

A transposed convolution whose kernel is its stride n gives each pixel an n x n block of its own. As a 1x1
convolution with n·n times the channels it works at low resolution; the next one then works on each of those
n·n groups by itself. All that is left for the end is to move finished samples to their places.
"""

from collections.abc import Sequence

import torch
from torch import nn

from edgesr_ros.networks.edgesrgan import EdgeSRGAN

COLOURS = 3
_QUIETEST = 1e-3  # of the loudest channel: quieter ones count as this loud


class FoldedEdgeSRGAN(nn.Module):
    """An EdgeSRGAN whose every layer works at low resolution, as a quantizer likes it; shares its weights.

    Exactly the same function, but for the range 0..1 instead of 0..255 and the order of the samples, which
    `unfold` puts right.
    """

    def __init__(self, network: EdgeSRGAN) -> None:
        super().__init__()
        first, second = network.up[0], network.up[2]
        self.scale = network.scale
        self.outer: int = first.stride[0]  # side of the block that each of the two makes
        self.inner: int = second.stride[0]
        features, groups = first.in_channels, self.outer**2
        self.head, self.blocks, self.trunk = network.head, network.blocks, network.trunk
        self.first = nn.Conv2d(features, groups * features, 1)
        self.last = nn.Conv2d(groups * features, groups * self.inner**2 * COLOURS, 1, groups=groups)
        # (in, out, row, column) → (row, column, out, in): the channels of a pixel's block stay together.
        with torch.no_grad():
            self.first.weight.copy_(first.weight.permute(2, 3, 1, 0).reshape_as(self.first.weight))
            self.first.bias.copy_(first.bias.repeat(groups))
            block = second.weight.permute(2, 3, 1, 0).flatten(0, 2)[..., None, None]
            # (tanh(y) + 1) / 2 = sigmoid(2 y), and a quantized sigmoid is a table from 8 bits to 8 bits.
            self.last.weight.copy_(2 * block.repeat(groups, 1, 1, 1))
            self.last.bias.copy_(2 * second.bias.repeat(groups * self.inner**2))

    @torch.no_grad()
    def equalize(self, pictures: Sequence[torch.Tensor]) -> None:
        """Give the channels between `first` and `last` like ranges: they will share one quantization step.

        What a channel is divided by before a ReLU, the next weights are multiplied with (Nagel et al.,
        "Data-Free Quantization Through Weight Equalization and Bias Correction", ICCV 2019, section 4.1); by
        the root of its peak here, as seen on `pictures` of (1, 3, H, W) in 0..1.
        """
        peaks = torch.stack([self._first(x).amax((0, 2, 3)) for x in pictures]).amax(0)
        divisor = peaks.clamp(min=_QUIETEST * float(peaks.max())).sqrt()
        if not divisor.all():
            return  # no channel ever speaks
        self.first.weight /= divisor[:, None, None, None]
        self.first.bias /= divisor
        groups = self.outer**2
        self.last.weight.view(groups, -1, self.first.in_channels).mul_(divisor.view(groups, 1, -1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 3, H, W) float in 0..1 → (N, s·s·3, H, W) float in 0..1, samples in the order of `unfold`."""
        return torch.sigmoid(self.last(self._first(x)))

    def _first(self, x: torch.Tensor) -> torch.Tensor:
        head = self.head(x)
        return torch.relu(self.first(head + self.trunk(self.blocks(head))))

    def unfold(self, samples: torch.Tensor) -> torch.Tensor:
        """(1, s·s·3, H, W) → (1, s·H, s·W, 3).

        Channels are (outer row, outer column, inner row, inner column, colour), so that one transposition
        does it, which moves the samples of an inner row together.
        """
        height, width = samples.shape[2:]
        inner_row = self.inner * COLOURS
        blocks = samples.permute(0, 2, 3, 1).reshape(height, width, self.outer, self.outer, -1, inner_row)
        rows = blocks.permute(0, 2, 4, 1, 3, 5)
        return rows.reshape(1, self.scale * height, self.scale * width, COLOURS)
