"""The operator's page beside a stream: what it costs, how late it shows, and who delays whom.

A node publishes pictures and their facts as a ground station does, each with the time in its corner. The
page, in Chromium, notes when it has drawn a picture, on the same machine's clock, and which time its canvas
then shows. Further viewers take pictures as pages do; with ten, one of them reads a byte a second.
"""

import argparse
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness.camera import CAMERA
from benchmarks.harness.claim import Claim
from benchmarks.harness.evidence import Result
from benchmarks.harness.goals import Goal, least, most
from benchmarks.harness.markdown import number, table
from benchmarks.harness.observer import Observer
from benchmarks.harness.page_viewers import CLOCK_READER, Takers, delay_ms, listens, publishing
from benchmarks.harness.running import Chain, observed
from benchmarks.harness.usage import Usage
from edgesr_ros.errors import InputError
from edgesr_ros.experiment.runner import camera_text
from edgesr_ros.live.browser import check_browser, start_browser
from edgesr_ros.schema import Struct

_SECONDS, _QUICK_SECONDS = 60.0, 8.0
_WARM_UP = 5.0  # s
_TIMEOUT = 30.0  # s
_VIEWERS = (1, 10)


class OperatorSettings(Struct):
    """What all runs have in common."""

    camera: str
    seconds: float


class OperatorRow(Struct):
    """A run."""

    viewers: int  # the browser, those that take all, and of ten one that reads a byte a second
    shown_per_s: float  # in the browser
    slowest_per_s: float  # of those that take all, the browser among them, the one that got least
    delay_p50_ms: float  # from image_sr to the browser's canvas
    delay_p95_ms: float
    core_share: float  # of the node, of one core
    resident_mb: float


OperatorResult = Result[OperatorSettings, list[OperatorRow]]


def measure(viewers: int, seconds: float) -> OperatorRow:
    """A run.

    Raises:
        InputError: there is no browser, or no picture gets through.
    """
    check_browser("the page")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    domains: list[int] = []

    def observer_of(domain: int, _cameras: Sequence[str]) -> Observer:
        domains.append(domain)
        return Observer(domain, cameras=())  # who looked at pictures would take from the processor

    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
        observed(observe=observer_of) as chain,
    ):
        chain.start("operator", {"port": port})
        chain.wait(lambda: listens(port), "the page's server")
        with publishing(domains[0]):
            driver = start_browser(Path(profile))
            takers = Takers(port, max(viewers - 2, 0), slow=viewers > 1)
            try:
                driver.get(f"http://127.0.0.1:{port}/")
                stamp = "return document.querySelector('figure')?.dataset.stamp"
                chain.wait(lambda: driver.execute_script(stamp), "a picture in the browser")
                chain.spin(_WARM_UP)
                return _run(chain, driver, takers, viewers, seconds)
            finally:
                takers.close()
                driver.quit()


def _run(chain: Chain, driver: Any, takers: Takers, viewers: int, seconds: float) -> OperatorRow:
    usage = Usage(chain.pids()["operator"])
    driver.execute_script(CLOCK_READER)
    before, began = list(takers.counts), time.monotonic()
    chain.watch({"operator": usage}, chain.observer.now() + seconds, 1.0)
    taken = [after - first for after, first in zip(takers.counts, before, strict=True)]
    noted = driver.execute_script("return window.noted")
    lasted = time.monotonic() - began
    if not noted:
        raise InputError("no picture came into the browser")
    delays = [delay_ms(cells, shown_ms) for cells, shown_ms in noted]
    node = usage.summary(len(noted), chain.observer.now() - lasted)
    return OperatorRow(
        viewers=viewers,
        shown_per_s=round(len(noted) / lasted, 2),
        slowest_per_s=round(min(len(noted), *taken) / lasted, 2) if taken else round(len(noted) / lasted, 2),
        delay_p50_ms=round(float(np.percentile(delays, 50)), 1),
        delay_p95_ms=round(float(np.percentile(delays, 95)), 1),
        core_share=node.core_share,
        resident_mb=node.resident_mb_last,
    )


def operator_table(result: OperatorResult) -> str:
    """A column for each run."""
    rows = result.rows
    lines = {
        "pictures per second, in the browser": [number(row.shown_per_s, 1) for row in rows],
        "pictures per second, least of those that read": [number(row.slowest_per_s, 1) for row in rows],
        "from `image_sr` to the canvas, p50 / p95, ms": [
            f"{row.delay_p50_ms:.0f} / {row.delay_p95_ms:.0f}" for row in rows
        ],
        "processor, of one core": [f"{100 * row.core_share:.0f} %" for row in rows],
        "memory, MB": [number(row.resident_mb, 0) for row in rows],
    }
    head = ("", *(f"{row.viewers} viewers" if row.viewers > 1 else "one viewer" for row in rows))
    return table(head, [(name, *cells) for name, cells in lines.items()])


def _runs(result: OperatorResult, alone: bool) -> list[OperatorRow]:
    return [row for row in result.rows if (row.viewers == 1) is alone]


GOALS = (
    Goal[OperatorResult](
        "processor with one viewer, of one core",
        "≤",
        10,
        "%",
        lambda result: most(100 * row.core_share for row in _runs(result, alone=True)),
        digits=1,
    ),
    Goal[OperatorResult](
        "from `image_sr` to the canvas, p95, one viewer",
        "≤",
        60,
        "ms",
        lambda result: most(row.delay_p95_ms for row in _runs(result, alone=True)),
    ),
    Goal[OperatorResult](
        "pictures per second of each of nine, while a tenth hardly reads",
        "≥",
        24,
        "",
        lambda result: least(row.slowest_per_s for row in _runs(result, alone=False)),
        digits=1,
    ),
)

CLAIM = Claim(
    name="operator",
    title="The operator's page",
    about=(
        "Chromium without a window, which draws by the processor, shares the machine with the node and all "
        "viewers. In the corner of each picture stands, as a bar code, when it was published; the page reads "
        "it from its canvas as soon as it has drawn it. Of ten viewers one reads a byte a second and says "
        "that it has seen all."
    ),
    reading="A column is a run. Each picture is compressed once for all viewers.",
    result=OperatorResult,
    table=operator_table,
    goals=GOALS,
)


def main() -> int:
    """Entry point."""
    parser = CLAIM.arguments(__doc__)
    return CLAIM.run(parser, _run_all)


def _run_all(given: argparse.Namespace) -> None:
    seconds = _QUICK_SECONDS if given.quick else _SECONDS
    rows = [measure(viewers, seconds) for viewers in _VIEWERS]
    settings = OperatorSettings(camera=camera_text(CAMERA), seconds=seconds)
    CLAIM.write(given, settings, rows)
    for row in rows:
        print(row)


if __name__ == "__main__":
    sys.exit(main())
