"""Attention-based feature distillation: which layer of the teacher teaches which of the student is learned.

Ji, Heo and Park, "Show, Attend and Distill", AAAI 2021, section 3.2; of Light F2SRGAN (Electronics 12, 2023,
2544) the term L_AFD. In the published code of the latter the attention itself is never trained; here it is.
"""

from typing import Annotated

import torch
from msgspec import Meta
from torch import nn

from edgesr_ros.errors import InputError
from edgesr_ros.networks import Network
from edgesr_ros.training.terms.teacher import Lesson, TaughtRecipe, attention, channels, places
from edgesr_ros.training.terms.term import Batch, Setting, Term

Positive = Annotated[int, Meta(ge=1)]


class AttentionFeatureDistillationRecipe(TaughtRecipe, tag="attention_feature_distillation", kw_only=True):
    """A network whose layers the student's are matched with."""

    places: Positive = 4  # after a quarter, a half, … of the blocks of both
    dimensions: Positive = 128  # of queries and keys

    def make(self, setting: Setting) -> "AttentionFeatureDistillationTerm":
        teacher = self.load(setting)
        return AttentionFeatureDistillationTerm(setting.network, teacher, self.places, self.dimensions)


def _projected(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(before, after), nn.BatchNorm1d(after))


class AttentionFeatureDistillationTerm(Term):
    """Σ_t mean over the batch of Σ_s α_ts · mean over space of (v_t - v_s)².

    v is the `attention` of a teacher's layer t or a student's layer s, and α_ts, whose sum over s is 1, how
    much t has to say to s. It comes of the layers' means over space: a query of t, a key of s, and a place's
    own code of either. All of that trains along with the student.

    Args:
        student: the network in training.
        teacher: a trained network, used for inference only.
        count: of places in both.
        dimensions: of queries and keys.
    """

    def __init__(self, student: Network, teacher: Network, count: int, dimensions: int = 128) -> None:
        super().__init__()
        self.features = places(student.spec, count)
        shown = places(teacher.spec, count)
        self._lesson = Lesson(teacher, shown)
        self.queries = nn.ModuleList(_projected(width, dimensions) for width in channels(teacher, shown))
        self.keys = nn.ModuleList(
            nn.Sequential(
                _projected(width, dimensions), nn.ReLU(), _projected(dimensions, dimensions * count)
            )
            for width in channels(student, self.features)
        )
        self.teacher_codes = nn.Parameter(nn.init.xavier_normal_(torch.empty(count, dimensions)))
        self.student_codes = nn.Parameter(nn.init.xavier_normal_(torch.empty(count, dimensions)))

    def forward(self, batch: Batch) -> torch.Tensor:
        if len(batch.low) == 1:
            raise InputError("attention_feature_distillation: needs a batch of 2 or more (batch norm)")
        taught = self._lesson(batch.low)
        learned = [batch.features[name] for name in self.features]
        apart = torch.stack(
            [
                torch.stack([(attention(t) - attention(s)).square().mean(1) for s in learned], dim=1)
                for t in taught
            ],
            dim=1,
        )  # (N, T, S)
        return (self.matching(taught, learned) * apart).sum((1, 2)).mean()

    def matching(self, taught: list[torch.Tensor], learned: list[torch.Tensor]) -> torch.Tensor:
        """α: features (N, C, H, W) of T and of S layers → (N, T, S), of sum 1 over S."""
        queries = torch.stack([q(_mean(t)) for q, t in zip(self.queries, taught, strict=True)], dim=1)
        keys = torch.stack([k(_mean(s)) for k, s in zip(self.keys, learned, strict=True)], dim=1)
        keys = keys.unflatten(2, (len(taught), -1))  # (N, S, T, D)
        logits = torch.einsum("ntd,nstd->nts", queries, keys) + self.teacher_codes @ self.student_codes.T
        return (logits.float() / queries.shape[-1] ** 0.5).softmax(dim=-1)


def _mean(features: torch.Tensor) -> torch.Tensor:
    return features.float().mean((2, 3))
