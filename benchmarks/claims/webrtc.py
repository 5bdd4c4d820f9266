"""Our sender beside what people use: WebRTC between two browsers, and SRT (needs root and their packages)."""

import argparse
import sys

from benchmarks.harness.claim import Claim
from benchmarks.harness.experiment import OURS, ExperimentResult, Lpips, add_arguments, by_link, keep
from benchmarks.harness.goals import Goal, most
from benchmarks.harness.live import READING, contenders_table, measure
from edgesr_ros.experiment.plan import read_experiment

_EXPERIMENT = "webrtc"
_QUICK = {"links": ["constant_1mbps"], "seconds": 10.0}
_RIVAL = "WebRTC "  # and the codec
_PLAIN, _SLOW, _STEP = "constant_1mbps", "constant_300kbps", "step_down_and_up"
_LOSSY = ("loss_2pct_30ms", "loss_5pct_30ms")


def by_best_webrtc(result: ExperimentResult, *links: str) -> float | None:
    """LPIPS on screen of ours by that of the best codec of WebRTC: the most on any of the links.

    None where one of them was not measured with both.
    """
    by_link = Lpips(result.rows.runs).by_link
    return most(_ratio(by_link.get(link, {})) for link in links)


def _ratio(lpips: dict[str, float]) -> float | None:
    rivals = [value for name, value in lpips.items() if name.startswith(_RIVAL)]
    return lpips[OURS] / min(rivals) if rivals and OURS in lpips else None


def _ours(result: ExperimentResult, link: str, field: str) -> float | None:
    """A figure of our first run on a link."""
    rows = by_link(result.rows.runs).get((link, OURS))
    return getattr(rows[0], field) if rows else None


GOALS = (
    Goal[ExperimentResult](
        "pictures shown per second at 1 Mbit/s",
        "≥",
        29,
        "",
        lambda result: _ours(result, _PLAIN, "fps_shown"),
        1,
    ),
    Goal[ExperimentResult](
        "age p50 at 1 Mbit/s", "≤", 45, "ms", lambda result: _ours(result, _PLAIN, "age_p50_ms")
    ),
    Goal[ExperimentResult](
        "age p95 at 1 Mbit/s", "≤", 75, "ms", lambda result: _ours(result, _PLAIN, "age_p95_ms")
    ),
    Goal[ExperimentResult](
        "LPIPS on screen at 1 Mbit/s : that of the best codec of WebRTC",
        "≤",
        0.75,
        "",
        lambda result: by_best_webrtc(result, _PLAIN),
        digits=2,
    ),
    Goal[ExperimentResult](
        "the same at 300 kbit/s", "≤", 0.85, "", lambda result: by_best_webrtc(result, _SLOW), digits=2
    ),
    Goal[ExperimentResult](
        "the same where 2 or 5 % are lost, the most",
        "≤",
        0.75,
        "",
        lambda result: by_best_webrtc(result, *_LOSSY),
        digits=2,
    ),
    Goal[ExperimentResult](
        "LPIPS on screen where the rate falls to a fifth and comes back",
        "≤",
        0.2,
        "",
        lambda result: _ours(result, _STEP, "lpips_on_screen"),
        digits=3,
    ),
)

CLAIM = Claim(
    name="webrtc",
    title="Beside WebRTC and SRT",
    about=(
        "Real nodes, two browsers or two ends of SRT in two network namespaces, one contender after the "
        "other on the same frames at 30 Hz, each given 10 s to find the link's rate. WebRTC is Chromium's, "
        "with the shortest jitter buffer that it takes; SRT carries H.264 of a fixed rate and waits 120 ms "
        "for what was lost. A bar code in the corner of the camera's picture, for all contenders alike, "
        "tells which frame a browser shows, so that its age is exact. Robot and operator share two "
        "processors."
    ),
    reading=READING,
    result=ExperimentResult,
    table=contenders_table,
    goals=GOALS,
)


def main() -> int:
    """Entry point."""
    parser = CLAIM.arguments(__doc__)
    add_arguments(parser)
    return CLAIM.run(parser, _run)


def _run(given: argparse.Namespace) -> None:
    changes = (_QUICK if given.quick else {}) | {"recordings": given.recordings}
    keep(CLAIM, given, measure(read_experiment(_EXPERIMENT, changes)))


if __name__ == "__main__":
    sys.exit(main())
