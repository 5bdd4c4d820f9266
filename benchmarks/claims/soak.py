"""Ten minutes of super-resolved pictures at 30 Hz: is memory flat, the order kept, the age even?"""

import argparse
import sys

from benchmarks.claims.chain import REDUCED, measure, print_row
from benchmarks.harness.camera import CAMERA
from benchmarks.harness.evidence import SoakResult, arguments, save, status, this_machine
from edgesr_ros.experiment.plan import Camera

_RATE_HZ = 30.0
_SECONDS, _QUICK_SECONDS = 600.0, 30.0


def main() -> int:
    """Entry point."""
    parser = arguments("soak", __doc__)
    parser.add_argument("--seconds", type=float, help=f"to run for (default: {_SECONDS:g})")
    given = parser.parse_args()
    return status("soak", lambda: _run(given))


def _run(given: argparse.Namespace) -> None:
    camera = Camera(width=CAMERA.width, height=CAMERA.height, rate_hz=_RATE_HZ)
    row = measure(given.seconds or (_QUICK_SECONDS if given.quick else _SECONDS), REDUCED, camera=camera)
    print_row(row)
    save("soak", given, SoakResult(machine=this_machine(), row=row))


if __name__ == "__main__":
    sys.exit(main())
