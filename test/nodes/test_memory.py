"""In processes of their own: how a process keeps its memory is settled for good."""

import os
import subprocess
import sys

import pytest

PICTURES = """
import resource

import numpy as np

from edgesr_ros.nodes.memory import FREED

FREED.begin()
FREED.picture(1080 * 1920 * 3)
def work():
    picture = np.zeros((1080, 1920, 3), np.uint8)
    return picture.copy(), picture.copy()
for _ in range(3):
    work()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    work()
print(FREED.kept, (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) // 10)
"""


def kept_and_faults(**environment: str) -> tuple[int, int]:
    """What is kept, and how many pages of memory the system cleared for each round."""
    clean = {name: value for name, value in os.environ.items() if "MALLOC" not in name}
    clean.pop("GLIBC_TUNABLES", None)
    told = subprocess.run(
        [sys.executable, "-c", PICTURES], env=clean | environment, capture_output=True, text=True, check=True
    )
    kept, faults = told.stdout.split()
    return int(kept), int(faults)


def test_pictures_come_into_memory_that_was_there_before() -> None:
    kept, faults = kept_and_faults()
    if not kept:
        pytest.skip("no glibc: its memory is kept as its own library does")
    assert faults < 10


def test_who_has_chosen_already_knows_better() -> None:
    assert kept_and_faults(MALLOC_TRIM_THRESHOLD_="131072")[0] == 0
