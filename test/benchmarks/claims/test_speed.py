import argparse
from functools import partial

import numpy as np
import pytest
from msgspec.structs import replace

from benchmarks.claims.speed import measure as speed
from benchmarks.claims.speed.ceiling import CeilingRow, Multiplier, Shape, matrices, multipliers
from benchmarks.claims.speed.claim import CLAIM, SpeedRows, SpeedSettings, ratio_table, speed_table
from edgesr_ros.errors import InputError
from edgesr_ros.schema import read_json
from edgesr_ros.upscaling.card import InputSize
from edgesr_ros.upscaling.contest import Contender, contest
from edgesr_ros.upscaling.speed import NotMeasured, SpeedRow, runnables

_MODEL = "edgesrgan_tiny_x4_psnr"


@pytest.fixture
def _small(monkeypatch):
    """A run of one network and bicubic on one size, with small matrices."""
    monkeypatch.setattr(speed, "shipped", lambda threads: [*runnables("bicubic", threads), *_onnx(threads)])
    monkeypatch.setattr(speed, "inputs_of", lambda *_, **__: [InputSize(width=24, height=16)])
    monkeypatch.setattr(speed, "peers", lambda _: [])
    monkeypatch.setattr(speed, "SHAPES", (Shape(64, 64, 64), Shape(96, 32, 32)))


def _onnx(threads):
    return [way for way in runnables(_MODEL, threads) if way.backend == "onnxruntime"]


@pytest.mark.usefixtures("_small")
def test_a_run_measures_networks_and_the_ceiling(tmp_path):
    pytest.importorskip("onnx", reason="onnx is not installed")
    file = tmp_path / "speed.json"
    assert speed.main(["--quick", "--json", str(file), "--peers", str(tmp_path / "none")]) == 0
    written = read_json(file, CLAIM.result)
    result = written.rows
    assert {row.model for row in result.contenders} == {"bicubic_x4", _MODEL}
    assert {row.input for row in result.contenders} == {"24x16"}
    assert result.not_measured == []
    assert len(result.missing) == 2  # what OpenCV and Real-ESRGAN give files of
    alone = [row for row in result.ceilings if row.input is None]
    assert {row.shape for row in alone} == {"64x64x64", "96x32x32"}
    at_input = {row.precision: row for row in result.ceilings if row.input == "24x16"}
    assert at_input.keys() == {"float32", "int8"}
    for precision, row in at_input.items():
        fastest = max((row for row in alone if row.precision == precision), key=lambda row: row.gmac_per_s)
        assert (row.library, row.shape) == (fastest.library, fastest.shape)
    assert "of the ceiling, 24x16" in speed_table(written)


def test_what_cannot_be_exported_is_told_without_this_machines_paths(tmp_path, monkeypatch):
    folder = tmp_path / "peers"

    def missing(_):
        raise InputError(f"{folder}/srgan_x4.onnx: not there yet")

    monkeypatch.setattr(speed, "peers", missing)
    given = argparse.Namespace(peers=folder, opencv_models=None, animevideov3=None)
    ways, (line, *_) = speed._others(given)
    assert ways == []
    assert "srgan" in line
    assert str(tmp_path) not in line


@pytest.mark.parametrize("multiplier", multipliers(1), ids=lambda multiplier: multiplier.contender.name)
def test_products_are_right(multiplier: Multiplier):
    pytest.importorskip(multiplier.library, reason=f"{multiplier.library} is not installed")
    pytest.importorskip("onnx", reason="onnx is not installed")
    shape = Shape(5, 7, 3)
    left, right = matrices(shape, multiplier.precision)
    product = np.asarray(multiplier.contender.load()(shape)())
    if multiplier.library == "onnxruntime":
        product = product[0]
    expected = left.astype(np.float64) @ right.astype(np.float64)
    assert product == pytest.approx(expected, rel=1e-5, abs=1e-5)
    assert shape.gmac == pytest.approx(105e-9)


def test_a_product_can_be_timed_in_a_contest():
    (numpy,) = (found for found in multipliers(1) if found.library == "numpy")
    other = Contender("other", partial(partial, partial, abs))
    with contest([numpy.contender, other], threads=1) as running:
        found = running.measure({numpy.contender.name: Shape(8, 8, 8), "other": -1}, turns=1)
    assert all(times.seconds for times in found.values())


def _row(model, backend, fps, precision="float32", gmac=None):
    return SpeedRow(
        contender=f"{model} ({backend})",
        model=model,
        backend=backend,
        precision=precision,
        input="160x120",
        threads=2,
        ms_median=1e3 / fps,
        ms_p95=1.5e3 / fps,
        fps=fps,
        pictures=9,
        gmac=gmac,
    )


@pytest.fixture
def result(enveloped):
    """EdgeSRGAN does 100 GMAC/s in float32, of 125, and 360 in int8, of 720."""
    ceilings = [
        CeilingRow(library="onnxruntime", precision=precision, shape=shape, input=size, gmac_per_s=speed)
        for shape, size, factor in (("8x8x8", None, 1.0), ("9x9x9", None, 0.5), ("8x8x8", "160x120", 1.0))
        for precision, speed in (("float32", 125 * factor), ("int8", 720 * factor))
    ]
    rows = SpeedRows(
        contenders=[
            _row("edgesrgan_x4", "onnxruntime", 10, gmac=10.0),
            _row("edgesrgan_x4_int8", "onnxruntime", 36, "int8", gmac=10.0),
            _row("edgesrgan_x4_int8", "litert", 18, "int8", gmac=10.0),
            _row("srgan", "onnxruntime", 2, gmac=40.0),
        ],
        ceilings=ceilings,
        not_measured=[
            NotMeasured(contender="tpsr (onnxruntime)", input="160x120", reason="it fell over"),
            NotMeasured(contender="esrgan (onnxruntime)", input=None, reason="it fell over"),
        ],
        missing=["FSRCNN: no files"],
    )
    return enveloped(CLAIM, SpeedSettings(threads=2, peers=["srgan"]), rows)


def test_contenders_stand_by_their_speed_with_their_share_of_the_ceiling(result):
    lines = speed_table(result).splitlines()
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith("|")]
    assert cells[2:] == [
        ["`edgesrgan_x4_int8`", "onnxruntime", "36 (41.7)", "50%"],
        ["`edgesrgan_x4_int8`", "litert", "18.0 (83.3)", "25%"],
        ["`edgesrgan_x4`", "onnxruntime", "10.0 (150.0)", "80%"],
        ["SRGAN-16", "onnxruntime", "2.0 (750.0)", "64%"],
    ]
    assert "float32 125 GMAC/s (8x8x8, onnxruntime), int8 720" in lines[-3]
    assert lines[-3].endswith("(9x9x9) reaches float32 62 and int8 360.")
    who = "tpsr (onnxruntime) at 160x120, esrgan (onnxruntime)"
    assert lines[-1] == f"Not measured: {who} (it fell over); FSRCNN: no files."


def test_ratios_are_of_the_fastest_backend_and_unknown_ones_are_dashes(result):
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in ratio_table(result).splitlines()]
    found = dict(cells)
    assert found["`edgesrgan_x4_int8` on onnxruntime : `edgesrgan_x4`"] == "3.6"
    assert found["`edgesrgan_x4_int8` on onnxruntime : SRGAN-16"] == "18.0"
    assert found["`edgesrgan_x4_int8` on onnxruntime : SwiftSRGAN"] == "–"
    assert found["`edgesrgan_x4`, of the ceiling"] == "80%"
    assert found["`edgesrgan_x4_int8` on onnxruntime, of the ceiling"] == "50%"


def test_goals_are_read_off_the_fastest_backend_and_off_onnxruntime(result, kept):
    slower = [row for row in result.rows.contenders if row.backend != "litert"]
    faster = replace(slower[1], backend="openvino", fps=50.0, ms_median=20.0)
    found = kept(CLAIM, replace(result, rows=replace(result.rows, contenders=[*slower, faster])))
    assert found["`edgesrgan_x4_int8` on the fastest backend : `edgesrgan_x4`, the least at any size"]
    assert found["`edgesrgan_x4_int8` on onnxruntime : SRGAN-16, the least at any size"]
    assert found["`edgesrgan_x4_int8` on onnxruntime at 160x120, frames per second"]
    # 80 % of 85, and 69.4 % of 70
    assert not found["`edgesrgan_x4` on onnxruntime, of the ceiling, the least at any size"]
    assert not found["`edgesrgan_x4_int8` on the fastest backend, of the ceiling, the least at any size"]
    # not measured
    assert not found["`edgesrgan_x4_int8` on onnxruntime : SwiftSRGAN, the least at any size"]
    assert not found["`edgesrgan_tiny_x4_int8` on onnxruntime at 160x120, frames per second"]
