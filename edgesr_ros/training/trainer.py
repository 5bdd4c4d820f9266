"""Training by a recipe: the pixel and the adversarial stage (arXiv 2209.03355, sections 3.2 and 4.1)."""

import copy
import math
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from edgesr_ros.errors import InputError
from edgesr_ros.networks import create_network
from edgesr_ros.networks.discriminators import DISCRIMINATORS
from edgesr_ros.training.checkpoint import Parts, load_checkpoint, save_checkpoint, save_weights
from edgesr_ros.training.distillation import Distillation
from edgesr_ros.training.losses import discriminator_loss, generator_loss, make_perceptual, pixel_loss
from edgesr_ros.training.patches import PatchSet
from edgesr_ros.training.picture_model import load_network
from edgesr_ros.training.ranks import Ranks
from edgesr_ros.training.recipe import Recipe
from edgesr_ros.training.validation import Validation

CHECKPOINT = "checkpoint.safetensors"
BEST = "best.safetensors"


def to_tensor(images: np.ndarray, device: torch.device) -> torch.Tensor:
    """(N, H, W, 3) uint8 → (N, 3, H, W) float32 in 0..255, laid out channels last."""
    return torch.from_numpy(images).to(device).permute(0, 3, 1, 2).float()


def learning_rate(recipe: Recipe, step: int) -> float:
    """Linear warm-up, then phase by phase."""
    phase, begin = recipe.phase_at(step)
    if phase.shape == "constant":
        rate = phase.learning_rate
    else:
        first = begin or recipe.warmup_steps
        done = (step - first) / max(1, begin + phase.steps - first)
        rate = phase.learning_rate * 0.5 * (1 + math.cos(math.pi * min(1.0, max(0.0, done))))
    return rate * min(1.0, (step + 1) / recipe.warmup_steps)


class Stage:
    """One run by a recipe: `run()` trains from the last checkpoint in `folder` to the end.

    Args:
        folder: where checkpoints, logs and samples lie; the folders of other recipes, whose weights this one
            starts from or learns from, are its siblings.
        perceptual: npz file of the weights of the recipe's perceptual network.

    Raises:
        InputError: weights that the recipe needs are missing or not its own.
    """

    def __init__(
        self,
        recipe: Recipe,
        patches: PatchSet,
        folder: Path,
        perceptual: Path | None = None,
        ranks: Ranks | None = None,
    ) -> None:
        self.recipe, self.patches, self.folder = recipe, patches, folder
        self.ranks = ranks or Ranks()
        if recipe.batch % self.ranks.world:
            raise InputError(
                f"batch: expected a multiple of {self.ranks.world} processes, got {recipe.batch}"
            )
        self.device = self.ranks.device
        torch.manual_seed(recipe.seed)
        self.network = self._place(create_network(recipe.network, recipe.scale))
        if recipe.start:
            self.network.load_state_dict(self._trained(recipe.start, recipe.network).state_dict())
        self.average = copy.deepcopy(self.network).requires_grad_(False)
        self.optimizer = torch.optim.Adam(self.network.parameters())
        self.parts: Parts = {
            "network": self.network,
            "average": self.average,
            "optimizer": self.optimizer,
        }
        self.perceptual = self._make_perceptual(perceptual)
        self.discriminator = self._make_discriminator()
        self.distillation = self._make_distillation()
        self.step = 0
        self.best = -math.inf
        self._judged_by: float | None = None  # fingerprint of the pictures that `best` was scored on
        folder.mkdir(parents=True, exist_ok=True)
        if (checkpoint := folder / CHECKPOINT).exists():
            progress = load_checkpoint(checkpoint, self.parts)
            self.step, self.best = int(progress["step"]), progress["best"]
            self._judged_by = progress.get("judged_by")

    def run(self) -> float:
        """Train to the last step; returns the best score, in the unit of `best_by`, whose weights are `BEST`.

        Raises:
            InputError: the loss is no longer a number.
        """
        recipe = self.recipe
        self._forward = self.ranks.wrap(self.network)
        if recipe.compile:
            self._forward = cast(nn.Module, torch.compile(self._forward))
        validation = None
        if self.ranks.first:
            validation = Validation(recipe, self.patches.validation, self.folder, self.step)
            self._judge_again(validation)
        with tqdm(
            total=recipe.steps, initial=self.step, unit="step", mininterval=1.0, disable=not self.ranks.first
        ) as bar:
            losses: list[dict[str, float]] = []
            while self.step < recipe.steps:
                losses.append(self._train_step())
                self.step += 1
                bar.update()
                if self.step % recipe.validate_every == 0 or self.step == recipe.steps:
                    means = {name: float(np.mean([loss[name] for loss in losses])) for name in losses[0]}
                    losses.clear()
                    if wrong := [name for name, value in means.items() if not math.isfinite(value)]:
                        raise InputError(
                            f"step {self.step}: the {wrong[0]} loss is {means[wrong[0]]}; lower learning_rate"
                        )
                    if validation:
                        scores = validation.run(self.average, self.step, means)
                        bar.write(f"step {self.step}: {_listed(means)}; validation {_listed(scores)}")
                        self._keep(validation.goodness(scores))
        if validation:
            validation.close()
        return -self.best if recipe.best_by == "lpips_alex" else self.best

    def _train_step(self) -> dict[str, float]:
        recipe = self.recipe
        share = slice(self.ranks.rank, None, self.ranks.world)
        low, high = (
            to_tensor(images[share], self.device)
            for images in self.patches.batch(recipe.batch, recipe.seed, self.step)
        )
        with torch.autocast(self.device.type, torch.bfloat16, enabled=recipe.bf16):
            output = self._forward(low).float()
            distance = recipe.phase_at(self.step)[0].distance
            terms = {"pixels": (recipe.pixels, pixel_loss(output, high, distance))}
            if recipe.perceptual and self.perceptual:
                terms["perceptual"] = (recipe.perceptual.weight, self.perceptual(output, high))
            if recipe.adversarial and self.discriminator:
                self.discriminator.requires_grad_(False)
                logits = self.discriminator(output)
                terms["adversarial"] = (recipe.adversarial.weight, generator_loss(logits.float()))
            if recipe.distillation and self.distillation:
                terms["distillation"] = (recipe.distillation.weight, self.distillation.loss(low, output))
        self._descend(self.optimizer, torch.stack([weight * value for weight, value in terms.values()]).sum())
        with torch.no_grad():
            # Early on the average must forget the random start quickly.
            decay = min(recipe.ema_decay, (1 + self.step) / (10 + self.step))
            torch._foreach_lerp_(list(self.average.parameters()), list(self.network.parameters()), 1 - decay)
        losses = {name: value.item() for name, (_, value) in terms.items()}
        if self.discriminator:
            self.discriminator.requires_grad_(True)
            losses["discriminator"] = self._train_discriminator(output.detach(), high)
        return losses

    def _train_discriminator(self, output: torch.Tensor, high: torch.Tensor) -> float:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.recipe.bf16):
            real, fake = self._judge(torch.cat([high, output])).float().chunk(2)
            loss = discriminator_loss(real, fake)
        self._descend(self.discriminator_optimizer, loss)
        return loss.item()

    def _descend(self, optimizer: torch.optim.Optimizer, loss: torch.Tensor) -> None:
        parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(self.recipe, self.step)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, self.recipe.clip_norm)
        optimizer.step()

    def _make_perceptual(self, weights: Path | None) -> nn.Module | None:
        if not self.recipe.perceptual:
            return None
        if weights is None:
            raise InputError(f"perceptual: expected a file of weights of {self.recipe.perceptual.network}")
        loss = self._place(make_perceptual(self.recipe.perceptual, weights))
        if self.recipe.bf16:  # once, and not by autocast at every step
            for module in loss.modules():
                if isinstance(module, nn.Conv2d):
                    module.to(torch.bfloat16)
        return loss

    def _make_discriminator(self) -> nn.Module | None:
        if not self.recipe.adversarial:
            return None
        discriminator = self._place(
            DISCRIMINATORS[self.recipe.adversarial.discriminator](self.recipe.patches.size)
        )
        self.discriminator_optimizer = torch.optim.Adam(discriminator.parameters())
        self.parts |= {
            "discriminator": discriminator,
            "discriminator_optimizer": self.discriminator_optimizer,
        }
        self._judge = self.ranks.wrap(discriminator)
        return discriminator

    def _make_distillation(self) -> Distillation | None:
        if not (recipe := self.recipe.distillation):
            return None
        teacher = self._place(self._trained(recipe.teacher, recipe.network))
        return Distillation(self.network, teacher, recipe.output_weight)

    def _trained(self, name: str, network: str) -> nn.Module:
        path = self.folder.parent / name / BEST
        if not path.is_file():
            raise InputError(f"{path}: no trained weights; run `edgesr train {name}` first")
        return load_network(path, network, self.recipe.scale)

    def _place(self, network: nn.Module) -> nn.Module:
        cast(Any, network).to(self.device, memory_format=torch.channels_last)  # not in torch's types
        return network

    def _judge_again(self, validation: Validation) -> None:
        """Score the best weights on the pictures of today, where those before were others."""
        if self._judged_by != validation.fingerprint and self.best > -math.inf:
            best = load_network(self.folder / BEST, self.recipe.network, self.recipe.scale)
            self.best = validation.goodness_of(self._place(best))
        self._judged_by = validation.fingerprint

    def _keep(self, goodness: float) -> None:
        if goodness > self.best:
            self.best = goodness
            save_weights(self.folder / BEST, self.average.state_dict())
        progress = {"step": self.step, "best": self.best, "judged_by": self._judged_by or 0}
        save_checkpoint(self.folder / CHECKPOINT, self.parts, progress)


def _listed(values: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in values.items())
