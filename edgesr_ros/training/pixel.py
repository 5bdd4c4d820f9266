"""The pixel stage: L1 between super-resolved and original patches (arXiv 2209.03355, section 4.1)."""

import copy
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from edgesr_ros.errors import InputError
from edgesr_ros.networks import create_network
from edgesr_ros.quality.fidelity import psnr_y
from edgesr_ros.training.checkpoint import load_checkpoint, save_checkpoint
from edgesr_ros.training.patches import PatchSet
from edgesr_ros.training.picture_model import PictureModel
from edgesr_ros.training.recipe import Recipe

CHECKPOINT = "checkpoint.safetensors"
BEST = "best.safetensors"


def to_tensor(images: np.ndarray, device: torch.device) -> torch.Tensor:
    """(N, H, W, 3) uint8 → (N, 3, H, W) float32 in 0..255, laid out channels last."""
    return torch.from_numpy(images).to(device).permute(0, 3, 1, 2).float()


@torch.no_grad()
def upscale(network: nn.Module, image: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 RGB → (s·H, s·W, 3) uint8 RGB by a torch network, in float32."""
    picture = torch.from_numpy(image[None]).to(next(network.parameters()).device)
    return PictureModel(network)(picture)[0].cpu().numpy()


def learning_rate(recipe: Recipe, step: int) -> float:
    """Linear warm-up, then half a cosine down to zero."""
    if step < recipe.warmup_steps:
        return recipe.learning_rate * (step + 1) / recipe.warmup_steps
    done = (step - recipe.warmup_steps) / max(1, recipe.steps - recipe.warmup_steps)
    return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


class PixelStage:
    """One run of the pixel stage: `run()` trains from the last checkpoint in `folder` to the end."""

    def __init__(self, recipe: Recipe, patches: PatchSet, folder: Path) -> None:
        self.recipe, self.patches, self.folder = recipe, patches, folder
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        torch.manual_seed(recipe.seed)
        self.network = create_network(recipe.network, recipe.scale)
        cast(Any, self.network).to(self.device, memory_format=torch.channels_last)  # not in torch's types
        self.average = copy.deepcopy(self.network).requires_grad_(False)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=recipe.learning_rate)
        self.step = 0
        self.best_psnr = -math.inf
        folder.mkdir(parents=True, exist_ok=True)
        if (checkpoint := folder / CHECKPOINT).exists():
            progress = load_checkpoint(checkpoint, self.network, self.average, self.optimizer)
            self.step, self.best_psnr = int(progress["step"]), progress["best_psnr"]

    def run(self) -> float:
        """Train to the last step; returns the best validation PSNR-Y in dB, whose weights are `BEST`.

        Raises:
            InputError: the loss is no longer a number.
        """
        recipe = self.recipe
        forward = torch.compile(self.network) if recipe.compile else self.network
        log = SummaryWriter(str(self.folder), purge_step=self.step)
        with tqdm(total=recipe.steps, initial=self.step, unit="step", mininterval=1.0) as bar:
            losses: list[float] = []
            while self.step < recipe.steps:
                losses.append(self._train_step(forward))
                self.step += 1
                bar.update()
                if self.step % recipe.validate_every == 0 or self.step == recipe.steps:
                    loss, psnr = float(np.mean(losses)), self.validate()
                    losses.clear()
                    if not math.isfinite(loss):
                        raise InputError(f"step {self.step}: the loss is {loss}; lower learning_rate")
                    log.add_scalar("loss/l1", loss, self.step)
                    log.add_scalar("validation/psnr_y_db", psnr, self.step)
                    bar.write(f"step {self.step}: L1 {loss:.3f}, validation PSNR-Y {psnr:.3f} dB")
                    self._keep(psnr)
        log.close()
        return self.best_psnr

    def validate(self) -> float:
        """Mean PSNR-Y in dB of the averaged weights over the held-out photographs."""
        scores = (
            psnr_y(upscale(self.average, low), high, self.recipe.scale)
            for low, high in self.patches.validation
        )
        return float(np.mean(list(scores)))

    def _train_step(self, forward: Callable[[torch.Tensor], torch.Tensor]) -> float:
        recipe = self.recipe
        low, high = self.patches.batch(recipe.batch, recipe.seed, self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(recipe, self.step)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=recipe.bf16):
            output = forward(to_tensor(low, self.device))
        loss = functional.l1_loss(output.float(), to_tensor(high, self.device))
        self.optimizer.zero_grad(set_to_none=True)
        (loss / 255.0).backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), recipe.clip_norm)
        self.optimizer.step()
        with torch.no_grad():
            # Early on the average must forget the random start quickly.
            decay = min(recipe.ema_decay, (1 + self.step) / (10 + self.step))
            torch._foreach_lerp_(list(self.average.parameters()), list(self.network.parameters()), 1 - decay)
        return loss.item()

    def _keep(self, psnr: float) -> None:
        if psnr > self.best_psnr:
            self.best_psnr = psnr
            weights = {key: value.cpu().contiguous() for key, value in self.average.state_dict().items()}
            save_file(weights, self.folder / BEST)
        progress = {"step": self.step, "best_psnr": self.best_psnr}
        save_checkpoint(self.folder / CHECKPOINT, self.network, self.average, self.optimizer, progress)
