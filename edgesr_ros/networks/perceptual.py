"""Networks trained on ImageNet whose features say how alike two pictures look: VGG16 and MobileNetV2.

Their weights are npz files made by `python -m edgesr_ros.training.export_perceptual`.
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from edgesr_ros.errors import InputError

# RGB in 0..1 as torchvision's classifiers expect it.
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
# LPIPS expects RGB in -1..1 less a shift, over a scale; the same as above to three digits (arXiv 1801.03924).

_VGG16_CHANNELS = (64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512)
_VGG16_POOLED = (2, 4, 7, 10)  # convolutions with a 2x2 maximum before them
_VGG16_LAST = (1, 3, 6, 9, 12)  # the last convolution of each group: relu1_2, 2_2, 3_3, 4_3, 5_3

# Inverted residuals of MobileNetV2: expansion, channels, repeats, stride (arXiv 1801.04381, table 2).
_MOBILENET_GROUPS = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
_MOBILENET_LAST = 1280  # channels of the convolution behind them


class _Normalize(nn.Module):
    """RGB 0..255 → what ImageNet classifiers expect."""

    def __init__(self) -> None:
        super().__init__()
        mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (_MEAN, _STD))
        self.register_buffer("gain", 1 / (255 * std))
        self.register_buffer("offset", -mean / std)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.gain + self.offset


class _ToUnit(nn.Module):
    """RGB 0..255 → 0..1."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x / 255.0


class Vgg16(nn.Module):
    """The first `groups` convolution groups of VGG16 (arXiv 1409.1556), without its classifier."""

    def __init__(self, groups: int = 5) -> None:
        super().__init__()
        self.normalize = _Normalize()
        self.taps = _VGG16_LAST[:groups]
        channels = _VGG16_CHANNELS[: self.taps[-1] + 1]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, 3, padding=1)
            for before, after in zip((3, *channels), channels, strict=False)
        )

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """(N, 3, H, W) RGB 0..255 → the last ReLU of each group, each half as large as the one before."""
        x = self.normalize(x)
        features = []
        for index, convolution in enumerate(self.convolutions):
            if index in _VGG16_POOLED:
                x = functional.max_pool2d(x, 2)
            x = functional.relu(convolution(x))
            if index in self.taps:
                features.append(x)
        return features


class _InvertedResidual(nn.Module):
    def __init__(self, before: int, after: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = before * expansion
        layers = [_convolution(before, hidden, 1)] if expansion > 1 else []
        self.conv = nn.Sequential(
            *layers,
            _convolution(hidden, hidden, 3, stride, groups=hidden),
            nn.Conv2d(hidden, after, 1, bias=False),
            nn.BatchNorm2d(after),
        )
        self.skip = stride == 1 and before == after

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.conv(x) if self.skip else self.conv(x)


class MobileNetV2(nn.Module):
    """The convolutions of MobileNetV2 (arXiv 1801.04381), with torchvision's names of parameters.

    Args:
        groups: of features: 5, or 6 with the last 1x1 convolution.
        normalized: whether pictures are brought to the mean and deviation that it was trained with; else to
            0..1.
    """

    def __init__(self, groups: int = 5, normalized: bool = True) -> None:
        super().__init__()
        self.normalize = _Normalize() if normalized else _ToUnit()
        layers: list[nn.Module] = [_convolution(3, 32, 3, 2)]
        self.taps, channels = [], 32
        for expansion, after, repeats, stride in _MOBILENET_GROUPS:
            if stride == 2:
                self.taps.append(len(layers) - 1)  # the last layer of each size
            for repeat in range(repeats):
                layers.append(_InvertedResidual(channels, after, stride if repeat == 0 else 1, expansion))
                channels = after
        self.taps.append(len(layers) - 1)
        if groups > 5:
            layers.append(_convolution(channels, _MOBILENET_LAST, 1))
            self.taps.append(len(layers) - 1)
        self.features = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """(N, 3, H, W) RGB 0..255 → features at 1/2, 1/4, 1/8, 1/16, 1/32 of the size, and there again."""
        x = self.normalize(x)
        features = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in self.taps:
                features.append(x)
        return features


def _convolution(before: int, after: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU6(),
    )


def read_perceptual(path: Path) -> dict[str, torch.Tensor]:
    """The arrays of an npz file of weights, float32.

    Raises:
        InputError: no such file, or not an npz of arrays.
    """
    if not path.is_file():
        raise InputError(
            f"{path}: no weights of a perceptual network; "
            "`python -m edgesr_ros.training.export_perceptual` makes them"
        )
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {key: torch.from_numpy(np.asarray(arrays[key], np.float32)) for key in arrays.files}
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not an npz file of weights ({error})") from None


def load_vgg16(path: Path, groups: int = 5) -> tuple[Vgg16, list[torch.Tensor]]:
    """VGG16 for inference, and the LPIPS heads of its groups, each (1, C, 1, 1).

    Raises:
        InputError: the file lacks weights.
    """
    network, weights = Vgg16(groups), read_perceptual(path)
    _load(
        network.convolutions,
        {key.removeprefix("conv"): value for key, value in weights.items() if key.startswith("conv")},
        path,
    )
    heads = [weights[f"lin{index}.weight"] for index in range(groups) if f"lin{index}.weight" in weights]
    if len(heads) != groups:
        raise InputError(f"{path}: expected the LPIPS heads lin0.weight … lin{groups - 1}.weight")
    return network.eval().requires_grad_(False), heads


def load_mobilenet_v2(path: Path, groups: int = 5, normalized: bool = True) -> MobileNetV2:
    """MobileNetV2 for inference; arguments as of it.

    Raises:
        InputError: the file lacks weights.
    """
    network = MobileNetV2(groups, normalized)
    weights = read_perceptual(path)
    _load(
        network.features,
        {
            key.removeprefix("features."): value
            for key, value in weights.items()
            if key.startswith("features.")
        },
        path,
    )
    return network.eval().requires_grad_(False)


def _load(module: nn.Module, weights: dict[str, torch.Tensor], path: Path) -> None:
    wanted = module.state_dict()
    if missing := [key for key in wanted if key not in weights and not key.endswith("num_batches_tracked")]:
        raise InputError(f"{path}: weights of another network, {missing[0]} is missing")
    try:
        module.load_state_dict({key: weights.get(key, value) for key, value in wanted.items()})
    except RuntimeError as error:
        raise InputError(
            f"{path}: weights of another network ({str(error).splitlines()[-1].strip()})"
        ) from None
