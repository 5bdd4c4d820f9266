"""Training a network by a `train` step: the pixel and the adversarial stage, distillation, and what comes."""

import math
from collections.abc import Container
from itertools import count
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from edgesr_ros.errors import InputError
from edgesr_ros.networks import Network
from edgesr_ros.training.average import averaged, resume
from edgesr_ros.training.checkpoint import Parts, load_checkpoint, save_checkpoint
from edgesr_ros.training.patches import PatchSet
from edgesr_ros.training.steps.step import Run
from edgesr_ros.training.steps.train import Train
from edgesr_ros.training.taps import Taps
from edgesr_ros.training.terms import Batch, Opponent, Setting, Term
from edgesr_ros.training.validation import DivergedError, Validation
from edgesr_ros.training.weights import BEST, Facts, load_network, read_facts, save_network

CHECKPOINT = "checkpoint.safetensors"


class Trainer:
    """One training: `run()` goes on from the last checkpoint in `folder` to the last step.

    Args:
        train: how.
        run: what the steps of the recipe share.
        patches: of the photographs.
        folder: where weights, checkpoints, logs and samples lie.
        facts: what the weights are to say of themselves; its spec is what is trained.
        start: the first weights; None: random ones.

    Raises:
        InputError: weights that the recipe needs are missing or not its own.
    """

    def __init__(
        self,
        train: Train,
        run: Run,
        patches: PatchSet,
        folder: Path,
        facts: Facts,
        start: Path | None = None,
    ) -> None:
        self.train, self.patches, self.folder, self._facts = train, patches, folder, facts
        self.ranks, self._seed = run.ranks, run.recipe.seed
        if train.batch % self.ranks.world:
            raise InputError(f"batch: expected a multiple of {self.ranks.world} processes, got {train.batch}")
        self.device = self.ranks.device
        torch.manual_seed(self._seed)
        network = facts.spec.build()
        if start:
            network.load_state_dict(load_network(start, facts.spec).state_dict())
        self._converters = train.converters(run)
        self.network = self._place(self._converted(network))
        self._averaged = averaged(self.network, train.ema_decay)
        self.average = cast(Network, self._averaged.module)
        setting = Setting(self.network, patches.high.shape[1], run.work, run.perceptual, train.bf16)
        self.terms = self._make_terms(setting)
        self._taps = Taps(self.network, [name for term in self.terms.values() for name in term.features])
        together = [self.network, *(term for term in self.terms.values() if not isinstance(term, Opponent))]
        self.optimizer = torch.optim.Adam([value for module in together for value in module.parameters()])
        self._opponents = {
            name: (term, torch.optim.Adam(term.parameters()))
            for name, term in self.terms.items()
            if isinstance(term, Opponent)
        }
        self.parts: Parts = {
            "network": self.network,
            "average": self.average,
            "optimizer": self.optimizer,
            **self.terms,
            **{f"{name}_optimizer": optimizer for name, (_, optimizer) in self._opponents.items()},
        }
        self.step = 0
        self.best = -math.inf
        self._judged_by: float | None = None  # fingerprint of the pictures that `best` was scored on
        folder.mkdir(parents=True, exist_ok=True)
        if (checkpoint := folder / CHECKPOINT).exists():
            self._go_on_from(checkpoint)

    def run(self, until: int | None = None) -> float:
        """Train to the last step, or to an earlier one, from which it can go on as if it had not stopped.

        Returns the best score, in the unit of `best_by`, whose weights are `BEST`.

        Raises:
            DivergedError: the loss is no longer a number.
        """
        train, last = self.train, self.train.steps if until is None else until
        self._forward = cast(nn.Module, torch.compile(self.network)) if train.compile else self.network
        validation = None
        if self.ranks.first:
            pairs, scale = self.patches.validation, self.network.scale
            validation = Validation(train.best_by, scale, pairs, self.folder, self.step)
            self._adopt()
            self._judge_again(validation)
        with tqdm(
            total=last, initial=self.step, unit="step", mininterval=1.0, disable=not self.ranks.first
        ) as bar:
            losses: list[dict[str, float]] = []
            while self.step < last:
                losses.append(self._train_step())
                self.step += 1
                bar.update()
                if self.step % train.validate_every == 0 or self.step == last:
                    means = _means(losses)
                    losses.clear()
                    if wrong := [name for name, value in means.items() if not math.isfinite(value)]:
                        raise DivergedError(
                            f"step {self.step}: the {wrong[0]} loss is {means[wrong[0]]}; lower learning_rate"
                        )
                    if validation:
                        scores = validation.run(self.average, self.step, means)
                        bar.write(f"step {self.step}: {_listed(means)}; validation {_listed(scores)}")
                        self._keep(validation.goodness(scores))
        if validation:
            validation.close()
        return -self.best if train.best_by == "lpips_alex" else self.best

    def _train_step(self) -> dict[str, float]:
        share = slice(self.ranks.rank, None, self.ranks.world)
        low, high = (
            to_tensor(images[share], self.device)
            for images in self.patches.batch(self.train.batch, self._seed, self.step)
        )
        counting = self._counting()
        with self._autocast():
            output = self._forward(low).float()
            batch = Batch(low, high, output, self._taps.take(), self.step)
            values = {name: self.terms[name](batch) for name in counting}
            loss = torch.stack([counting[name] * value for name, value in values.items()]).sum()
        self._descend(self.optimizer, loss)
        for converter in self._converters:
            converter.after_step(self.step)
        self._averaged.update_parameters(self.network)
        losses = {name: value.item() for name, value in values.items()}
        seen = batch._replace(output=output.detach(), features={})
        for name, (term, optimizer) in self._opponents.items():
            if name in counting:
                losses[_free(term.role, losses)] = self._oppose(term, optimizer, seen)
        return losses

    def _oppose(self, term: Opponent, optimizer: torch.optim.Optimizer, batch: Batch) -> float:
        term.requires_grad_(True)
        with self._autocast():
            loss = term.oppose(batch)
        self._descend(optimizer, loss)
        term.requires_grad_(False)  # the network's step has no use for its gradients
        return loss.item()

    def _descend(self, optimizer: torch.optim.Optimizer, loss: torch.Tensor) -> None:
        parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        for group in optimizer.param_groups:
            group["lr"] = self.train.learning_rate(self.step)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.ranks.average([value.grad for value in parameters if value.grad is not None])
        nn.utils.clip_grad_norm_(parameters, self.train.clip_norm)
        optimizer.step()

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.train.bf16)

    def _counting(self) -> dict[str, float]:
        """The terms of the phase in force, and their weights."""
        number, _ = self.train.phase_at(self.step)
        recipes = zip(self.terms, self.train.terms, strict=True)
        return {name: one.weight for name, one in recipes if one.phases is None or number in one.phases}

    def _make_terms(self, setting: Setting) -> dict[str, Term]:
        """By tag; a second one of a kind is called `<tag>_2`."""
        terms: dict[str, Term] = {}
        for recipe in self.train.terms:
            term = self._place(recipe.make(setting))
            if isinstance(term, Opponent):
                term.requires_grad_(False)
            terms[_free(str(recipe.__struct_config__.tag), terms)] = term
        return terms

    def _place(self, module: Any) -> Any:
        return module.to(self.device, memory_format=torch.channels_last)  # not in torch's types

    def _go_on_from(self, checkpoint: Path) -> None:
        progress = load_checkpoint(checkpoint, self.parts)
        if progress.get("parents", self._facts.parents) != self._facts.parents:
            raise InputError(
                f"{checkpoint}: was begun from other weights than there are now; "
                f"remove {self.folder} to begin again"
            )
        self.step, self.best = int(progress["step"]), progress["best"]
        self._judged_by = progress.get("judged_by")
        resume(self._averaged, self.step)

    def _adopt(self) -> None:
        """Let the best weights of an older version, which say nothing of themselves, say what they are."""
        best = self.folder / BEST
        if best.exists() and read_facts(best) is None:
            save_network(best, load_network(best, self._facts.spec), self._facts)

    def _judge_again(self, validation: Validation) -> None:
        """Score the best weights on the pictures of today, where those before were others."""
        if self._judged_by != validation.fingerprint and self.best > -math.inf:
            best = load_network(self.folder / BEST, self._finished().spec)
            self.best = validation.goodness_of(self._place(self._converted(best)))
        self._judged_by = validation.fingerprint

    def _keep(self, goodness: float) -> None:
        if goodness > self.best:
            self.best = goodness
            save_network(self.folder / BEST, self._finished(), self._facts)
        progress = {
            "step": self.step,
            "best": self.best,
            "judged_by": self._judged_by or 0,
            "parents": self._facts.parents,
        }
        save_checkpoint(self.folder / CHECKPOINT, self.parts, progress)

    def _converted(self, network: Network) -> Network:
        for converter in self._converters:
            network = converter.convert(network)
        return network

    def _finished(self) -> Network:
        """The average as weights are saved: without what converters put into it."""
        network = self.average
        for converter in reversed(self._converters):
            network = converter.finish(network)
        return network


def to_tensor(images: np.ndarray, device: torch.device) -> torch.Tensor:
    """(N, H, W, 3) uint8 → (N, 3, H, W) float32 in 0..255, laid out channels last."""
    return torch.from_numpy(images).to(device).permute(0, 3, 1, 2).float()


def _free(name: str, taken: Container[str]) -> str:
    """`name`, or `name_2` and so on where it is taken."""
    return next(
        one for number in count(1) if (one := name if number == 1 else f"{name}_{number}") not in taken
    )


def _means(losses: list[dict[str, float]]) -> dict[str, float]:
    """Of each loss over the steps in which it counted."""
    names = dict.fromkeys(name for step in losses for name in step)
    return {name: float(np.mean([step[name] for step in losses if name in step])) for name in names}


def _listed(values: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in values.items())
