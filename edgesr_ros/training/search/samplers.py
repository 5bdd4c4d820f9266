"""What proposes the next candidate: Optuna's samplers, and REINFORCE."""

import zlib
from typing import Any

import numpy as np
from optuna import Study
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial

from edgesr_ros.training.search.recipe import Search

_RATE = 0.3  # of the logits, for a reward that is a standard deviation above the average


def make_sampler(search: Search, number: int) -> BaseSampler:
    """The sampler that proposes trial `number`.

    It is made anew, with a seed of its own, for each trial: one that begins again with the same seed, as
    after a restart, would propose the same again.
    """
    if search.sampler == "random":
        return RandomSampler(number)
    if search.sampler == "reinforce":
        return ReinforceSampler(number)
    # What others are at work on counts as bad (constant_liar), so that workers do not propose the same.
    return TPESampler(
        n_startup_trials=search.startup_trials, multivariate=True, constant_liar=True, seed=number
    )


class ReinforceSampler(BaseSampler):
    """A controller that learns by REINFORCE (Williams 1992), as TPSR's does (arXiv 2007.04356, section 4).

    Its policy is a categorical distribution for each choice, all independent. It has no state: the logits
    are what the trials that were judged, in the order of their numbers, make of zeros, each by how much its
    reward is above the average of those before it. So it goes on after a restart, and on several machines.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def infer_relative_search_space(self, *_: Study | FrozenTrial) -> dict[str, BaseDistribution]:
        return {}  # each choice for itself

    def sample_relative(self, *_: object) -> dict[str, Any]:
        return {}

    def sample_independent(
        self, study: Study, _: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        assert isinstance(param_distribution, CategoricalDistribution)
        choices = param_distribution.choices
        rng = np.random.default_rng((self._seed, zlib.crc32(param_name.encode())))
        return choices[int(rng.choice(len(choices), p=probabilities(study, param_name, choices)))]


def probabilities(study: Study, name: str, choices: tuple[Any, ...]) -> np.ndarray:
    """The controller's policy for a choice, as the trials that were judged make it; (len(choices),)."""
    judged = [trial for trial in study.get_trials(deepcopy=False) if trial.intermediate_values]
    # At their first rung: what they reach later cannot be compared with those that went no further.
    rewards = np.array([trial.intermediate_values[min(trial.intermediate_values)] for trial in judged])
    spread = rewards.std() if len(rewards) else 0.0
    logits = np.zeros(len(choices))
    if spread:
        for number, trial in enumerate(judged[1:], 1):
            above = (rewards[number] - rewards[:number].mean()) / spread
            taken = np.arange(len(choices)) == choices.index(trial.params[name])
            logits += _RATE * above * (taken - _softmax(logits))
    return _softmax(logits)


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max())
    return np.asarray(powers / powers.sum())
