"""The trials of a search, which workers share: one after the other each is begun, adopted, judged, ended.

They lie in SQLite, by Optuna's storage: whoever is killed while it writes leaves nothing half. (Optuna's
journal file would leave its lock, for which others wait half a minute, and perhaps half a line, after which
nobody reads it.) Who works on a trial holds a lock on its folder, which the kernel frees with the process: no
heartbeat, and nobody waits. Workers on other machines share the folder, by a file system with locks.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

import msgspec
import optuna
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, Trial, TrialState

from edgesr_ros.errors import InputError
from edgesr_ros.training.search.budget import Cost
from edgesr_ros.training.search.locks import Lock, locked, take
from edgesr_ros.training.search.recipe import Search
from edgesr_ros.training.search.samplers import make_sampler

_DRAWS = 200  # one after the other over budget: then there is none that is not
_PATIENCE = 60  # seconds, for another who writes
_FREE = ("trials", "sampler", "startup_trials", "include")  # may change from run to run
_NOTHING: Mapping[str, str] = {}

# What trials say of themselves.
TEXT, COST, REFUSED, PROBLEM, GOES_ON = "text", "cost", "refused", "problem", "goes_on"
# What the study says: what the candidate to compare with costs.
REFERENCE = "reference"


class Claim(NamedTuple):
    """A trial that this process works on, and nobody else."""

    trial: Trial
    lock: Lock
    text: str
    cost: Cost
    folder: Path
    rewards: dict[int, float]  # by steps: what was judged before it was adopted
    adopted: bool  # from a worker that ended before it did

    @property
    def number(self) -> int:
        """Of the trial, from 0."""
        return self.trial.number


class Trials:
    """The trials of a search, in a folder.

    Args:
        folder: of the search, which workers share.
        search: the same for all of them.
        parents: path of each file that all trials start from → sha256.

    Raises:
        InputError: the folder is that of another search, or a candidate to include is none.
    """

    def __init__(self, folder: Path, search: Search, parents: Mapping[str, str] = _NOTHING) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.folder, self.search = folder, search
        folder.mkdir(parents=True, exist_ok=True)
        with self.alone():
            self._storage = RDBStorage(
                f"sqlite:///{folder / 'trials.db'}", engine_kwargs={"connect_args": {"timeout": _PATIENCE}}
            )
            self.study = optuna.create_study(
                storage=self._storage, study_name="search", direction="maximize", load_if_exists=True
            )
            self._begin(parents)

    def close(self) -> None:
        """Let go of the file."""
        self._storage.remove_session()
        self._storage.engine.dispose()

    def alone(self) -> AbstractContextManager[None]:
        """A block in which no other worker begins, judges or ends a trial."""
        return locked(self.folder / "lock")

    def next(self) -> Claim | None:
        """A trial to work on: one whose worker ended before it did, or a new one; None: no more are wanted.

        Raises:
            InputError: candidates are all over budget.
        """
        with self.alone():
            for frozen in self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
                if lock := take(self._folder(frozen.number) / "lock"):
                    self.study.sampler = make_sampler(self.search, frozen.number)
                    # Stored with its candidate, or on the way to it when its worker ended.
                    trial = Trial(self.study, frozen._trial_id)
                    if claim := self._claim(trial, lock, dict(frozen.intermediate_values), adopted=True):
                        return claim
            for _ in range(_DRAWS):
                if self._begun() >= self.search.trials:
                    return None
                self.study.sampler = make_sampler(self.search, len(self.study.get_trials(deepcopy=False)))
                trial = self.study.ask()
                lock = take(self._folder(trial.number) / "lock")
                assert lock, "nobody knew of it before"
                if claim := self._claim(trial, lock, {}, adopted=False):
                    return claim
            problem = self.study.get_trials(deepcopy=False)[-1].user_attrs[REFUSED]
            raise InputError(
                f"budget: {_DRAWS} candidates were drawn, all are over it; the last one: {problem}"
            )

    def judge(self, claim: Claim, steps: int, reward: float) -> bool:
        """Note a reward; returns whether the trial goes on. If not, it is ended.

        It does if it is among the best `keep` of those that were judged at these steps until now. What was
        decided once holds, though others come after it.
        """
        with self.alone():
            if steps not in claim.rewards:
                claim.trial.report(reward, steps)
                claim.rewards[steps] = reward
            if steps == self.search.ends[-1]:
                self._end(claim, TrialState.COMPLETE, reward)
                return False
            decided = claim.trial.user_attrs.get(GOES_ON, [])
            if steps in decided or self._is_among_the_best(reward, steps):
                claim.trial.set_user_attr(GOES_ON, [*decided, steps])
                return True
            self._end(claim, TrialState.PRUNED)
            return False

    def fail(self, claim: Claim, problem: str) -> None:
        """End a trial that cannot be trained."""
        with self.alone():
            claim.trial.set_user_attr(PROBLEM, problem)
            self._end(claim, TrialState.FAIL)

    def drawn(self) -> list[FrozenTrial]:
        """All trials that have a candidate, also those that the budget refused, in their order."""
        return [trial for trial in self.study.get_trials(deepcopy=False) if TEXT in trial.user_attrs]

    def _begin(self, parents: Mapping[str, str]) -> None:
        """The first one notes which search it is, and what is to be tried first."""
        whole = msgspec.json.decode(msgspec.json.encode(self.search))
        fixed = {key: value for key, value in whole.items() if key not in _FREE} | {"weights": dict(parents)}
        noted = self.study.user_attrs.get("search")
        if noted is None:
            for text in self.search.include:
                self.study.enqueue_trial(dict(self.search.chosen(text)))
            self.study.set_user_attr(REFERENCE, msgspec.to_builtins(self.search.cost(self.search.reference)))
            self.study.set_user_attr("search", fixed)
        elif noted != fixed:
            key = next(key for key in fixed if fixed[key] != noted.get(key))
            raise InputError(
                f"{self.folder}: was begun with other {key}; remove it, or give the recipe another name"
            )

    def _claim(self, trial: Trial, lock: Lock, rewards: dict[int, float], adopted: bool) -> Claim | None:
        """None: it is over budget, and ended."""
        chosen = {
            name: trial.suggest_categorical(name, choices) for name, choices in self.search.choices.items()
        }
        attributes = trial.user_attrs
        if TEXT not in attributes:
            text = self.search.text(chosen)
            try:
                cost = self.search.cost(text)
                problem = self.search.budget.problem(cost)
            except InputError as error:
                cost, problem = Cost(parameters=0, macs_per_pixel=0), str(error)
            if problem:
                trial.set_user_attr(REFUSED, problem)
            trial.set_user_attr(COST, msgspec.to_builtins(cost))
            trial.set_user_attr(TEXT, text)  # last: then all is known
            attributes = trial.user_attrs
        cost = msgspec.convert(attributes[COST], Cost)
        folder = self._folder(trial.number)
        claim = Claim(trial, lock, attributes[TEXT], cost, folder, rewards, adopted)
        if REFUSED in attributes:
            self._end(claim, TrialState.PRUNED)
            return None
        return claim

    def _is_among_the_best(self, reward: float, steps: int) -> bool:
        all_trials = self.study.get_trials(deepcopy=False)
        rewards = sorted(
            (t.intermediate_values[steps] for t in all_trials if steps in t.intermediate_values), reverse=True
        )
        return reward >= rewards[max(1, int(self.search.keep * len(rewards))) - 1]

    def _end(self, claim: Claim, state: TrialState, reward: float | None = None) -> None:
        self.study.tell(claim.number, reward, state)
        claim.lock.close()

    def _begun(self) -> int:
        return sum(
            trial.state != TrialState.WAITING and REFUSED not in trial.user_attrs
            for trial in self.study.get_trials(deepcopy=False)
        )

    def _folder(self, number: int) -> Path:
        return self.folder / "trials" / f"{number:04}"
