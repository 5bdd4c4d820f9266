"""Contenders are made of the standard library: each unpickles them in a process of its own."""

import multiprocessing
import os
import signal
import time
from functools import partial

import pytest

from edgesr_ros.upscaling.contest import Contender, contest


def calling(function):
    """A contender whose jobs call `function` with what they are given."""
    return partial(partial, partial, function)


def test_contenders_take_turns_and_a_slow_one_fewer():
    contenders = [Contender("fast", calling(time.sleep)), Contender("slow", calling(time.sleep))]
    with contest(contenders, threads=1) as running:
        assert running.problems == {}
        found = running.measure({"fast": 0.01, "slow": 0.3}, turns=4)
    assert min(found["fast"].seconds) >= 0.01
    assert min(found["slow"].seconds) >= 0.3
    # Four turns of a fifth of a second; what the first run of each costs is not counted.
    assert 4 <= len(found["fast"].seconds) <= 80
    assert 1 <= len(found["slow"].seconds) <= 3
    assert not multiprocessing.active_children()


def test_only_who_is_asked_takes_part():
    with contest([Contender("one", calling(abs)), Contender("two", calling(abs))], threads=1) as running:
        assert running.measure({"two": -1}, turns=1).keys() == {"two"}


@pytest.mark.parametrize(
    ("load", "reason"),
    [
        (partial(os._exit, 7), "its process ended with status 7"),
        (partial(signal.raise_signal, signal.SIGKILL), "its process was ended by SIGKILL"),
        (partial(int, "no\nnumber"), "invalid literal"),
    ],
)
def test_who_cannot_start_does_not_stop_the_others(load, reason):
    with contest([Contender("bad", load), Contender("good", calling(abs))], threads=1) as running:
        assert running.problems.keys() == {"bad"}
        found = running.measure({"bad": -1, "good": -1}, turns=1)
    assert reason in found["bad"].problem
    assert "\n" not in found["bad"].problem
    assert found["bad"].seconds == []
    assert found["good"].problem is None
    assert found["good"].seconds


def test_who_dies_at_work_does_not_stop_the_others():
    with contest(
        [Contender("bad", calling(os._exit)), Contender("good", calling(abs))], threads=1
    ) as running:
        for _ in range(2):  # nor when it is asked again
            found = running.measure({"bad": 5, "good": -1}, turns=2)
            assert found["bad"] == ([], "its process ended with status 5")
            assert found["good"].seconds


def test_a_job_that_fails_leaves_the_next_one_possible():
    with contest([Contender("one", calling(int))], threads=1) as running:
        assert "invalid literal" in running.measure({"one": "word"}, turns=1)["one"].problem
        assert running.measure({"one": "3"}, turns=1)["one"].seconds


def test_threads_of_linear_algebra_are_told_to_the_contenders_only(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    right = "1 / (__import__('os').environ['OMP_NUM_THREADS'] == '3')"
    with contest([Contender("one", calling(eval))], threads=3) as running:
        assert running.measure({"one": right}, turns=1)["one"].problem is None
        assert os.environ["OMP_NUM_THREADS"] == "3"
    assert os.environ["OMP_NUM_THREADS"] == "5"
    assert "OPENBLAS_NUM_THREADS" not in os.environ
