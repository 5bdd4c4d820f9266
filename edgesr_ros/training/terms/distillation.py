"""Feature-affinity distillation: a student learns how a teacher's features relate.

arXiv 2209.03355, section 3.3; FAKD, He et al., ICIP 2020.
"""

import torch
from torch import nn
from torch.nn import functional


def affinity(features: torch.Tensor) -> torch.Tensor:
    """(N, C, H, W) → (N, H·W, H·W): cosine of each pair of positions, whatever the number of channels."""
    unit = functional.normalize(features.float().flatten(2), dim=1)
    return unit.transpose(1, 2) @ unit


class Distillation:
    """Compares student and teacher behind their last residual blocks, and by their outputs.

    Args:
        student: the network in training; its last block is watched whenever it runs.
        teacher: a trained network, used for inference only.
        output_weight: λ, of the L1 between the outputs against the affinity's L1.
    """

    def __init__(self, student: nn.Module, teacher: nn.Module, output_weight: float) -> None:
        self._teacher = teacher.eval().requires_grad_(False)
        self._output_weight = output_weight
        self._features: dict[str, torch.Tensor] = {}
        for name, network in (("student", student), ("teacher", teacher)):
            network.get_submodule("blocks")[-1].register_forward_hook(
                lambda _module, _inputs, output, name=name: self._features.__setitem__(name, output)
            )

    def loss(self, low: torch.Tensor, output: torch.Tensor) -> torch.Tensor:
        """Of the student's `output` (N, 3, s·H, s·W) for `low` (N, 3, H, W), both RGB 0..255."""
        with torch.no_grad():
            target = self._teacher(low)
        student, teacher = (affinity(self._features.pop(name)) for name in ("student", "teacher"))
        alike = functional.l1_loss(student, teacher)
        return alike + self._output_weight * functional.l1_loss(output, target.float()) / 255.0
