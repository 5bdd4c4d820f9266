"""Our networks, others' and bicubic on the same frames, in turn, beside the most that the machine can do."""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.claims.speed.ceiling import SHAPES, CeilingRow, Multiplier, Shape, multipliers
from benchmarks.claims.speed.claim import CLAIM, SpeedRows, SpeedSettings
from benchmarks.peers.exported import PEERS, SCALE, load_peer, peers
from benchmarks.peers.given import given_peers
from edgesr_ros.errors import InputError
from edgesr_ros.upscaling.contest import Contest, contest
from edgesr_ros.upscaling.onnx_runtime import OnnxUpscaler
from edgesr_ros.upscaling.speed import Runnable, inputs_of, not_loaded, shipped, speed_rows

_THREADS = 2
_TURNS, _QUICK_TURNS = 20, 2  # of a fifth of a second, for each contender and size
_CEILING_TURNS, _QUICK_CEILING_TURNS = 5, 1  # the same for each shape of matrices
_QUICK_INPUTS = 2
_FOLDER = Path("work", "peers")


def measure(others: Sequence[Runnable], missing: Sequence[str], quick: bool) -> SpeedRows:
    """Ours, others and the machine, all in turn.

    Args:
        others: somebody else's networks.
        missing: those that cannot be measured, with reasons.
        quick: shorter, and not on all frames.
    """
    ours = [way for way in shipped(_THREADS) if way.scale == SCALE]
    ways, machine = [*ours, *others], multipliers(_THREADS)
    result = SpeedRows(contenders=[], ceilings=[], not_measured=[], missing=list(missing))
    sizes = inputs_of(SCALE, quick=False)[: _QUICK_INPUTS if quick else None]
    contenders = [*(way.contender() for way in ways), *(product.contender for product in machine)]
    _say(f"starting {len(contenders)} contenders")
    with contest(contenders, _THREADS) as running:
        result.not_measured.extend(not_loaded(running.problems))
        able = [way for way in ways if way.name not in running.problems]
        turns = _QUICK_CEILING_TURNS if quick else _CEILING_TURNS
        result.ceilings.extend(_ceilings(running, machine, turns))
        best = _best(machine, result.ceilings)
        for size in sizes:
            _say(f"{size}: {len(able)} contenders in turn")
            products = {product.contender.name: shape for product, shape in best}
            found = running.measure(
                {**{way.name: size for way in able}, **products},
                _QUICK_TURNS if quick else _TURNS,
            )
            measured, failed = speed_rows(able, found, size, _THREADS)
            for row in measured:
                _say(f"  {row.contender}: {row.ms_median:.2f} ms, {row.fps:.1f} frames per second")
            result.contenders.extend(measured)
            result.not_measured.extend(failed)
            for product, shape in best:
                seconds = found[product.contender.name].seconds
                result.ceilings.extend(_ceiling(product, shape, str(size), seconds))
    return result


def _others(given: argparse.Namespace) -> tuple[list[Runnable], list[str]]:
    """Others' networks; and those that cannot be measured, with reasons."""
    try:
        known = {peer.name: peer for peer in peers(given.peers)}
        missing = []
    except InputError as error:
        # No path of this machine goes into the results.
        known, missing = {}, [f"{', '.join(PEERS)}: {str(error).replace(f'{given.peers}/', '')}"]
    found = [
        Runnable(
            name,
            OnnxUpscaler.backend,
            "float32",
            peer.scale,
            peer.macs_per_pixel,
            partial(load_peer, name, given.peers, _THREADS),
        )
        for name, peer in known.items()
    ]
    trained, not_given = given_peers(given.opencv_models, given.animevideov3)
    found += [
        Runnable(peer.name, peer.backend, "float32", peer.scale, None, partial(peer.load, _THREADS))
        for peer in trained
        if peer.scale == SCALE
    ]
    return found, missing + not_given


def _ceilings(running: Contest, machine: Sequence[Multiplier], turns: int) -> list[CeilingRow]:
    """Of each library on each shape."""
    found = []
    for shape in SHAPES:
        _say(f"matrices of {shape}")
        times = running.measure({product.contender.name: shape for product in machine}, turns)
        for product in machine:
            found.extend(_ceiling(product, shape, None, times[product.contender.name].seconds))
    return found


def _ceiling(product: Multiplier, shape: Shape, size: str | None, seconds: list[float]) -> list[CeilingRow]:
    """By the median time; nothing where it could not be measured."""
    if not seconds:
        return []
    return [
        CeilingRow(
            library=product.library,
            precision=product.precision,
            shape=str(shape),
            input=size,
            gmac_per_s=round(shape.gmac / sorted(seconds)[len(seconds) // 2], 1),
        )
    ]


def _best(machine: Sequence[Multiplier], found: Sequence[CeilingRow]) -> list[tuple[Multiplier, Shape]]:
    """For each precision the fastest library and shape."""
    fastest: dict[str, CeilingRow] = {}
    for row in sorted(found, key=lambda row: row.gmac_per_s):
        fastest[row.precision] = row
    return [
        (product, next(shape for shape in SHAPES if str(shape) == row.shape))
        for row in fastest.values()
        for product in machine
        if (product.library, product.precision) == (row.library, row.precision)
    ]


def _say(progress: str) -> None:
    print(progress, file=sys.stderr, flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point."""
    parser = CLAIM.arguments(__doc__)
    parser.add_argument(
        "--peers",
        type=Path,
        default=_FOLDER,
        metavar="DIR",
        help="where PyTorch exports others' networks to, unless they are there (default: %(default)s)",
    )
    parser.add_argument(
        "--opencv-models", type=Path, metavar="DIR", help="folder with FSRCNN_x4.pb, ESPCN_x4.pb"
    )
    parser.add_argument("--animevideov3", type=Path, metavar="FILE", help="Real-ESRGAN's, as ONNX")
    return CLAIM.run(parser, _run, argv)


def _run(given: argparse.Namespace) -> None:
    others, missing = _others(given)
    settings = SpeedSettings(threads=_THREADS, peers=[way.model for way in others])
    CLAIM.write(given, settings, measure(others, missing, given.quick))
