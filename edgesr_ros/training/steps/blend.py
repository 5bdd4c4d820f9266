"""Network interpolation: between two networks of one shape (ESRGAN, arXiv 1809.00219, section 3.4)."""

from collections.abc import Mapping

import torch

from edgesr_ros.errors import InputError


def blend(
    a: Mapping[str, torch.Tensor], b: Mapping[str, torch.Tensor], alpha: float
) -> dict[str, torch.Tensor]:
    """The weights alpha · a + (1 - alpha) · b of two state dicts.

    With a of the pixel stage and b of the adversarial one, alpha = 0 is the sharpest and alpha = 1 the
    truest (EdgeSRGAN, arXiv 2209.03355, section 3.4).

    Raises:
        InputError: alpha is not in 0..1, or the two are not of one network.
    """
    if not 0 <= alpha <= 1:
        raise InputError(f"alpha: expected 0 to 1, got {alpha}")
    if different := a.keys() ^ b.keys():
        raise InputError(f"weights to blend: only one of the two has {min(different)}")
    for key in a:
        if a[key].shape != b[key].shape:
            raise InputError(
                f"weights to blend: {key} is {tuple(a[key].shape)} in one, {tuple(b[key].shape)} in the other"
            )
    return {key: torch.lerp(b[key], a[key], alpha) for key in a}
