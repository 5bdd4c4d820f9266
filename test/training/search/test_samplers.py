"""Proposals: as good as new after a restart, and with REINFORCE better over time."""

import pytest

pytest.importorskip("torch", reason="candidates are torch modules: requirements/train.txt")
optuna = pytest.importorskip("optuna", reason="samplers are Optuna's: requirements/train.txt")

from edgesr_ros.training.search.samplers import make_sampler, probabilities  # noqa: E402


def propose(search, study):
    study.sampler = make_sampler(search, len(study.trials))
    trial = study.ask()
    return trial, search.text({n: trial.suggest_categorical(n, c) for n, c in search.choices.items()})


def searched(search, trials, reward):
    """A study after so many trials."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize")
    for _ in range(trials):
        trial, text = propose(search, study)
        trial.report(reward(text), 4)
        study.tell(trial, reward(text))
    return study


@pytest.mark.parametrize("sampler", ["tpe", "random", "reinforce"])
def test_a_restart_proposes_what_would_have_come(generator, sampler):
    search = generator(sampler=sampler, startup_trials=3)
    texts = []
    for _ in range(2):  # the second time as another process, which makes all anew
        study = searched(search, 6, lambda text: text.count("s3"))
        texts.append(propose(search, study)[1])
        later = [search.text(trial.params) for trial in study.trials]
    assert texts[0] == texts[1]
    assert len(set(later)) > 3  # a seed that begins again would repeat itself


def test_reinforce_learns_what_is_rewarded(generator):
    """One choice in seven is good; by chance there would be 0.43 of them in three nodes."""
    search = generator(sampler="reinforce")
    study = searched(search, 100, lambda text: text.count("s3"))
    late = [search.text(trial.params).count("s3") for trial in study.trials[-20:]]
    assert sum(late) / 20 > 1.3


def test_without_rewards_reinforce_prefers_nothing(generator):
    study = searched(generator(sampler="reinforce"), 5, lambda _: 1.0)
    assert probabilities(study, "operation_0", tuple("abcd")) == pytest.approx([0.25] * 4)
