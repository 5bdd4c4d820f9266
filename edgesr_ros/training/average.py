"""The average of the weights over the last steps: smoother than those of any one step, and what is kept."""

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel


def averaged(network: nn.Module, decay: float) -> AveragedModel:
    """An exponential average of a network's parameters and buffers, for inference.

    Args:
        network: whose present weights are the first of the average.
        decay: of each step. Early on it is lower, so that the average forgets the random start quickly:
            (1 + n) / (10 + n) at step n.
    """

    @torch.no_grad()
    def towards(average: list[torch.Tensor], current: list[torch.Tensor], number: torch.Tensor) -> None:
        warm = min(decay, int(number) / (9 + int(number)))
        if average[0].is_floating_point():
            torch._foreach_lerp_(average, current, 1 - warm)
        else:  # what batch norm counts
            torch._foreach_copy_(average, current)

    average = AveragedModel(network, multi_avg_fn=towards, use_buffers=True)
    resume(average, 0)
    # Batch norm by what was averaged, not by the picture at hand.
    return average.eval().requires_grad_(False)


def resume(average: AveragedModel, step: int) -> None:
    """Go on as if that many steps had been made: the first weights count as one that was averaged."""
    average.n_averaged.fill_(1 + step)
