"""Processor time and memory of a process over its life, from /proc."""

import os
from bisect import bisect_right
from pathlib import Path

import numpy as np

from edgesr_ros.schema import Struct

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6


class NodeUsage(Struct):
    """What a node takes of the machine."""

    cpu_ms_per_picture: float  # user and system time, by picture shown
    core_share: float  # of one core
    resident_mb_settled: float  # when warmed up
    resident_mb_last: float
    resident_mb_max: float
    resident_mb_deviation: float  # the most that it was away from `resident_mb_settled` afterwards
    resident_mb_per_minute: float  # slope of a least-squares line, from when it was warmed up


class Usage:
    """Samples of a process, at times that the caller chooses."""

    def __init__(self, pid: int) -> None:
        self._proc = Path("/proc", str(pid))
        self._times: list[float] = []
        self._cpu: list[float] = []
        self._resident: list[float] = []

    def sample(self, now: float) -> None:
        """Note the process's state.

        Raises:
            OSError: the process is gone.
        """
        # Fields 14 and 15 of proc(5); the name, field 2, may hold spaces but ends with the last bracket.
        fields = (self._proc / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        self._times.append(now)
        self._cpu.append((int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND)
        self._resident.append(int((self._proc / "statm").read_text(encoding="utf-8").split()[1]) * _PAGE_MB)

    def resident_mb(self, now: float) -> float:
        """Memory at the last sample up to `now`: one at least is that old."""
        return round(self._resident[bisect_right(self._times, now) - 1], 1)

    def summary(self, pictures: int, settled: float) -> NodeUsage:
        """What the samples come to: two at least from the time `settled` on.

        Args:
            pictures: shown between the first and the last sample.
            settled: from when memory counts, on the clock of `sample`.
        """
        times, resident = np.array(self._times), np.array(self._resident)
        late = times >= settled
        slope = np.polyfit(times[late] / 60, resident[late], 1)[0]
        cpu = self._cpu[-1] - self._cpu[0]
        return NodeUsage(
            cpu_ms_per_picture=round(1e3 * cpu / max(pictures, 1), 2),
            core_share=round(cpu / (self._times[-1] - self._times[0]), 4),
            resident_mb_settled=round(float(resident[late][0]), 1),
            resident_mb_last=round(float(resident[-1]), 1),
            resident_mb_max=round(float(resident.max()), 1),
            resident_mb_deviation=round(float(np.abs(resident[late] - resident[late][0]).max()), 1),
            resident_mb_per_minute=round(float(slope), 3),
        )
