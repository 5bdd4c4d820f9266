"""The whole chain on an unlimited link: rate, age and order of the pictures, time, memory.

Once as it is, with frames of full size, and once with frames that are always reduced four times, so that each
is enlarged by super-resolution.
"""

import argparse
import sys

import numpy as np

from benchmarks.camera import CAMERA
from benchmarks.evidence import ChainResult, ChainRow, arguments, save, status, this_machine
from benchmarks.running import running_chain
from benchmarks.usage import Usage

_LINK = "unlimited"
_ONBOARD: tuple[dict[str, str], ...] = ({}, {"ladder": "none"})  # its parameters, run by run
_SECONDS, _QUICK_SECONDS = 300.0, 20.0
_START = 2.0  # seconds after the first picture that do not count: discovery, first inference
_SAMPLE_PERIOD = 5.0  # seconds between looks at processor time and memory
_WARM_UP = 60.0  # seconds in which caches and pools fill; at most a quarter of the run


def measure(seconds: float, onboard: dict[str, str]) -> ChainRow:
    """Let the chain run for `seconds` after its start, with some parameters of the onboard node.

    Raises:
        InputError: a node fails, or no picture is shown.
    """
    warm_up = min(_WARM_UP, seconds / 4)
    with running_chain(_LINK, onboard) as chain:
        chain.spin(_START)
        observer = chain.observer
        observer.forget_stages()
        usages = {node: Usage(pid) for node, pid in chain.pids().items()}
        shown_before, received_before = len(observer.shown), len(observer.received)
        began = observer.now()
        chain.watch(usages, began + seconds, _SAMPLE_PERIOD)
        duration = observer.now() - began
        shown, received = observer.shown[shown_before:], observer.received[received_before:]
        stages = observer.stages()
        chain.stop_camera()
        stamps = np.array([arrival.stamp for arrival in observer.shown])
        p50, p95, p99 = np.percentile([arrival.age_ms for arrival in shown], (50, 95, 99)).round(1).tolist()
        return ChainRow(
            camera=CAMERA,
            link=_LINK,
            onboard=onboard,
            model=chain.model,
            seconds=round(duration, 1),
            warm_up_seconds=warm_up,
            bytes_per_frame=round(float(np.mean([arrival.size for arrival in received]))),
            fps_shown=round(len(shown) / duration, 2),
            age_p50_ms=p50,
            age_p95_ms=p95,
            age_p99_ms=p99,
            out_of_order=int((stamps < np.maximum.accumulate(stamps)).sum()),
            frames_sent=observer.count("onboard", "frames_out"),
            frames_received=observer.count("ground_station", "frames_in"),
            frames_published=observer.count("ground_station", "frames_out"),
            frames_shown=len(observer.shown),
            dropped=observer.dropped(),
            stages_ms=stages,
            nodes={node: usage.summary(len(shown), began + warm_up) for node, usage in usages.items()},
        )


def _print(row: ChainRow) -> None:
    print(
        f"\n{row.camera}, link {row.link}, {row.model}, {row.seconds:.0f} s, onboard with {row.onboard}\n"
        f"{row.fps_shown} pictures per second of {row.bytes_per_frame:.0f} bytes, "
        f"age p50 {row.age_p50_ms} ms, p95 {row.age_p95_ms} ms, "
        f"p99 {row.age_p99_ms} ms, {row.out_of_order} out of order\n"
        f"{row.frames_sent} sent, {row.frames_received} received, {row.frames_published} published, "
        f"{row.frames_shown} shown, "
        f"dropped: {', '.join(f'{n} {reason}' for reason, n in row.dropped.items() if n) or 'none'}"
    )
    for stage, time_ms in row.stages_ms.items():
        print(f"{stage:28} {time_ms.mean:7.2f} ms mean {time_ms.max:7.2f} ms max")
    for node, usage in row.nodes.items():
        print(
            f"{node:28} {usage.cpu_ms_per_picture:7.2f} ms of processor a picture, "
            f"{usage.resident_mb_last:.1f} MB ({usage.resident_mb_per_minute:+.3f} a minute)"
        )


def main() -> int:
    """Entry point."""
    parser = arguments("chain", __doc__)
    parser.add_argument("--seconds", type=float, help=f"of each run (default: {_SECONDS:g})")
    given = parser.parse_args()
    return status("chain", lambda: _measure_all(given))


def _measure_all(given: argparse.Namespace) -> None:
    rows = []
    for onboard in _ONBOARD:
        rows.append(measure(given.seconds or (_QUICK_SECONDS if given.quick else _SECONDS), onboard))
        _print(rows[-1])
    save("chain", given, ChainResult(machine=this_machine(), rows=rows))


if __name__ == "__main__":
    sys.exit(main())
