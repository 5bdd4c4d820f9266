"""EdgeSRGAN without transposed convolutions: the same function, for runtimes that are slow at them.

A transposed convolution whose kernel is its stride n gives each pixel an n x n block of its own. As a 1x1
convolution with n·n times the channels it works at low resolution; the next one then works on each of those
n·n groups by itself. It is written as a dense one, most of whose weights are 0, because fast kernels are for
one group only. All that is left for the end is to move finished samples to their places.

Time by measurement, of the network with transposed convolutions in float32 (OpenVINO: bfloat16; 2 threads,
Xeon with AMX, inputs 40x30 to 320x240):

| | onnxruntime | OpenVINO |
| --- | --- | --- |
| EdgeSRGAN x4 | 0.89 to 0.90 | 0.65 to 0.72 |
| EdgeSRGAN-tiny x2 | 0.92 | 0.75 |
| EdgeSRGAN-tiny x4 | 0.75 to 0.85 | 0.53 to 0.61 |
| EdgeSRGAN-tiny x8 | 0.70 to 0.86 | 0.43 to 0.55 |
"""

from collections.abc import Sequence
from itertools import product

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
        self.last = nn.Conv2d(groups * features, self.scale**2 * COLOURS, 1)
        # (in, out, row, column) → (row, column, out, in): the channels of a pixel's block stay together.
        with torch.no_grad():
            self.first.weight.copy_(first.weight.permute(2, 3, 1, 0).reshape_as(self.first.weight))
            self.first.bias.copy_(first.bias.repeat(groups))
            block = second.weight.permute(2, 3, 1, 0).flatten(1, 2)  # inner row, its samples, features
            sides = self.outer, self.inner, self.outer
            dense = torch.zeros(*sides, block.shape[1], self.outer, self.outer, features)
            for row, column in product(range(self.outer), repeat=2):
                dense[row, :, column, :, row, column] = block
            # (tanh(y) + 1) / 2 = sigmoid(2 y), and a quantized sigmoid is a table from 8 bits to 8 bits.
            self.last.weight.copy_(2 * dense.reshape_as(self.last.weight))
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
        self.last.weight *= divisor[:, None, None]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 3, H, W) float in 0..1 → (N, s·s·3, H, W) float in 0..1, samples in the order of `unfold`."""
        return torch.sigmoid(self.last(self._first(x)))

    def _first(self, x: torch.Tensor) -> torch.Tensor:
        head = self.head(x)
        return torch.relu(self.first(head + self.trunk(self.blocks(head))))

    def unfold(self, samples: torch.Tensor) -> torch.Tensor:
        """(1, s·s·3, H, W) → (1, s·H, s·W, 3).

        Channels are (row, column, colour), so that all that a pixel adds to a row moves together.
        """
        height, width = samples.shape[2:]
        pixels = samples.permute(0, 2, 3, 1).reshape(height, width, self.scale, self.scale * COLOURS)
        return pixels.permute(0, 2, 1, 3).reshape(1, self.scale * height, self.scale * width, COLOURS)


class FoldedPictureModel(nn.Module):
    """A folded network with pictures in and out; the samples take their places as bytes."""

    def __init__(self, network: EdgeSRGAN) -> None:
        super().__init__()
        self.network = FoldedEdgeSRGAN(network)

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        """(1, H, W, 3) uint8 RGB → (1, s·H, s·W, 3) uint8 RGB."""
        samples = self.network(picture.permute(0, 3, 1, 2) / 255.0)
        return self.network.unfold((samples * 255.0).round().to(torch.uint8))
