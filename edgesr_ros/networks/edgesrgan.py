"""EdgeSRGAN and EdgeSRGAN-tiny generators (arXiv 2209.03355, section 3.1).

SRGAN's generator made for small accelerators: no batch norm, ReLU instead of PReLU, and transposed
convolutions instead of pixel shuffle, because the Edge TPU has no depth-to-space.
"""

from collections.abc import Sequence
from itertools import product
from typing import Annotated

import torch
from msgspec import UNSET, Meta, UnsetType
from torch import nn

from edgesr_ros.errors import InputError
from edgesr_ros.networks.fold import COLOURS, Folded, fill
from edgesr_ros.networks.spec import Network, Spec, channels_of, check_scale, reach_of, with_channels

# (kernel = stride) of the two transposed convolutions for each supported scale.
UPSAMPLING = {2: (1, 2), 4: (2, 2), 8: (4, 2)}
SCALES = tuple(UPSAMPLING)
_QUIETEST = 1e-3  # of the loudest channel: quieter ones count as this loud

Positive = Annotated[int, Meta(ge=1)]


class EdgeSRGANSpec(Spec, tag="edgesrgan"):
    """By default EdgeSRGAN: 660,611 parameters at scale 4. Scales: 2, 4 and 8.

    EdgeSRGAN-tiny has 4 blocks of 32 features: 95,555.
    """

    blocks: Positive = 8
    features: Positive = 64  # channels of the trunk
    widths: tuple[Positive, ...] | None = None  # inner channels of each block; null: as the trunk's
    # Between the two transposed convolutions; unset: as the trunk's. Then files and records of finished steps
    # say nothing of it, as those of older versions.
    up_features: Positive | UnsetType = UNSET

    def build(self) -> "EdgeSRGAN":
        return EdgeSRGAN(self)

    @property
    def reach(self) -> int:
        # The transposed convolutions' kernels are their strides: each pixel makes a block by itself.
        return reach_of(self.scale, [(4, 1), *[(1, 1)] * (2 * self.blocks + 1), (0, self.scale)])

    @property
    def landmarks(self) -> tuple[str, ...]:
        return tuple(f"blocks.{index}" for index in range(self.blocks))


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with a ReLU between them, and a skip around both."""

    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(features, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, features, 3, padding=1),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.body(x)


class EdgeSRGAN(Network):
    """Super-resolution generator: RGB in 0..255 to RGB in 0..255, `scale` times larger.

    Raises:
        InputError: the scale is none of 2, 4, 8, or the widths are not one for each block.
    """

    spec: EdgeSRGANSpec

    def __init__(self, spec: EdgeSRGANSpec) -> None:
        super().__init__(spec)
        check_scale(spec.scale, UPSAMPLING)
        features, widths = spec.features, spec.widths or (spec.features,) * spec.blocks
        if len(widths) != spec.blocks:
            raise InputError(f"widths: expected one for each of {spec.blocks} blocks, got {len(widths)}")
        first, second = UPSAMPLING[spec.scale]
        self.head = nn.Sequential(nn.Conv2d(3, features, 9, padding=4), nn.ReLU())
        self.blocks = nn.Sequential(*(ResidualBlock(features, width) for width in widths))
        self.trunk = nn.Conv2d(features, features, 3, padding=1)
        up = spec.up_features or features
        self.up = nn.Sequential(
            nn.ConvTranspose2d(features, up, first, stride=first),
            nn.ReLU(),
            nn.ConvTranspose2d(up, 3, second, stride=second),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 3, H, W) float in 0..255 → (N, 3, scale·H, scale·W) float in 0..255."""
        return (self.unit(x / 255.0) + 1.0) * 127.5

    def unit(self, x: torch.Tensor) -> torch.Tensor:
        """What is learned, without the scaling of both ends: RGB in 0..1 → RGB in -1..1."""
        head = self.head(x)
        return torch.tanh(self.up(head + self.trunk(self.blocks(head))))

    def described(self) -> EdgeSRGANSpec:
        features, up = channels_of(self.trunk), channels_of(self.up[0])
        widths = tuple(channels_of(block.body[0]) for block in self.blocks)
        return with_channels(self.spec, features, widths, up)

    def fold(self) -> "FoldedEdgeSRGAN":
        return FoldedEdgeSRGAN(self)


class FoldedEdgeSRGAN(Folded):
    """An EdgeSRGAN whose every layer works at low resolution, for runtimes that are slow at transposed ones.

    Exactly the same function, but for the range 0..1 instead of 0..255 and the order of the samples; shares
    the weights of the layers that stay.

    A transposed convolution whose kernel is its stride n gives each pixel an n x n block of its own. As a 1x1
    convolution with n·n times the channels it works at low resolution; the next one then works on each of
    those n·n groups by itself. It is written as a dense one, most of whose weights are 0, because fast
    kernels are for one group only. All that is left for the end is to move finished samples to their places.

    Time by measurement, of the network with transposed convolutions in float32 (OpenVINO: bfloat16; 2
    threads, Xeon with AMX, inputs 40x30 to 320x240):

    | | onnxruntime | OpenVINO |
    | --- | --- | --- |
    | EdgeSRGAN x4 | 0.89 to 0.90 | 0.65 to 0.72 |
    | EdgeSRGAN-tiny x2 | 0.92 | 0.75 |
    | EdgeSRGAN-tiny x4 | 0.75 to 0.85 | 0.53 to 0.61 |
    | EdgeSRGAN-tiny x8 | 0.70 to 0.86 | 0.43 to 0.55 |
    """

    _network: EdgeSRGAN

    def __init__(self, network: EdgeSRGAN) -> None:
        super().__init__(network.scale, block=network.scale)
        first, second = network.up[0], network.up[2]
        self.outer: int = first.stride[0]  # side of the block that each of the two makes
        self.inner: int = second.stride[0]
        features, groups = first.out_channels, self.outer**2
        self.head, self.blocks, self.trunk = network.head, network.blocks, network.trunk
        self.first = nn.Conv2d(first.in_channels, groups * features, 1)
        self.last = nn.Conv2d(groups * features, self.scale**2 * COLOURS, 1)
        self._divisors = torch.ones(groups * features)
        self.__dict__["_network"] = network  # not a layer of this one
        fill(self, self.weights(network))

    def weights(self, network: nn.Module) -> dict[str, torch.Tensor]:
        first, second = network.get_submodule("up.0"), network.get_submodule("up.2")
        values = {name: value for name, value in network.named_parameters() if not name.startswith("up.")}
        divisors = self._divisors.to(first.weight)
        # (in, out, row, column) → (row, column, out, in): the channels of a pixel's block stay together.
        weight = first.weight.permute(2, 3, 1, 0).reshape(self.first.weight.shape)
        values["first.weight"] = weight / divisors[:, None, None, None]
        values["first.bias"] = first.bias.repeat(self.outer**2) / divisors
        block = second.weight.permute(2, 3, 1, 0).flatten(1, 2)  # inner row, its samples, features
        sides = self.outer, self.inner, self.outer
        dense = first.weight.new_zeros(*sides, block.shape[1], self.outer, self.outer, block.shape[2])
        for row, column in product(range(self.outer), repeat=2):
            dense[row, :, column, :, row, column] = block
        # (tanh(y) + 1) / 2 = sigmoid(2 y), and a quantized sigmoid is a table from 8 bits to 8 bits.
        values["last.weight"] = 2 * dense.reshape(self.last.weight.shape) * divisors[:, None, None]
        values["last.bias"] = 2 * second.bias.repeat(self.outer**2 * self.inner**2)
        return values

    @torch.no_grad()
    def balance(self, pictures: Sequence[torch.Tensor]) -> tuple[float, ...]:
        """For the channels between `first` and `last`, which will share one quantization step.

        What a channel is divided by before a ReLU, the next weights are multiplied with (Nagel et al.,
        "Data-Free Quantization Through Weight Equalization and Bias Correction", ICCV 2019, section 4.1); by
        the root of its peak here, as seen on `pictures` of (1, 3, H, W) in 0..1.
        """
        peaks = torch.stack([self._first(x).amax((0, 2, 3)) for x in pictures]).amax(0)
        divisors = peaks.clamp(min=_QUIETEST * float(peaks.max())).sqrt()
        return tuple(divisors.tolist()) if divisors.all() else ()  # no channel ever speaks

    def equalize(self, divisors: Sequence[float]) -> None:
        """Divide the channels that `balance` looked at; by (): not.

        Raises:
            InputError: the divisors are another network's.
        """
        if not divisors:
            return
        if len(divisors) != len(self._divisors):
            raise InputError(
                f"calibration: expected {len(self._divisors)} divisors of channels, got {len(divisors)}"
            )
        self._divisors = torch.tensor(divisors)
        fill(self, self.weights(self._network))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 3, H, W) float in 0..1 → (N, s·s·3, H, W) float in 0..1, samples in the order of `unfold`."""
        return torch.sigmoid(self.last(self._first(x)))

    def _first(self, x: torch.Tensor) -> torch.Tensor:
        head = self.head(x)
        return torch.relu(self.first(head + self.trunk(self.blocks(head))))
