"""Damage: what anybody may send to either end, by the hundred thousand. Seeded, so the same every time."""

import argparse
import sys
from collections.abc import Sequence
from itertools import islice

import numpy as np

from benchmarks.claims.damage.claim import CLAIM, DamageSettings
from benchmarks.claims.damage.decoder import attack_decoder
from benchmarks.claims.damage.ends import attack_ground, attack_robot
from edgesr_ros.sources.clip import default_clip
from edgesr_ros.sources.opening import open_source

_SEED = 1
_COUNTS = {attack_decoder: 100_000, attack_ground: 50_000, attack_robot: 20_000}
_QUICK_COUNT = 500
_FRAMES = 60  # of the clip


def clip_frames() -> list[np.ndarray]:
    """The first of the demo's clip, (H, W, 3) uint8 RGB; errors as `default_clip`."""
    source = open_source(default_clip())
    frames = [frame.array for frame in islice(source, _FRAMES)]
    source.close()
    return frames


def main(argv: Sequence[str] | None = None) -> int:
    """Attack both ends, print and write what came of it; status 2 for a mistake of the user."""
    parser = CLAIM.arguments(__doc__)
    parser.add_argument("--seed", type=int, default=_SEED, help="another one damages otherwise")
    return CLAIM.run(parser, _run, argv)


def _run(given: argparse.Namespace) -> None:
    frames, rows = clip_frames(), []
    for attack, count in _COUNTS.items():
        rows.append(attack(frames, _QUICK_COUNT if given.quick else count, given.seed))
        print(rows[-1], flush=True)
    CLAIM.write(given, DamageSettings(seed=given.seed), rows)


if __name__ == "__main__":
    sys.exit(main())
