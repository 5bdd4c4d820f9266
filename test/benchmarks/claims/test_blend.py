"""Blends of a pixel-trained and an adversarial network."""

import msgspec
import pytest

from benchmarks.claims.blend import ALPHAS, CLAIM, BlendRow, BlendSettings, blend_table, blendable, measure
from benchmarks.claims.quality.measure import measure_all
from edgesr_ros.schema import read_json
from edgesr_ros.upscaling.card import ModelCard, card_path, file_sha256, write_card

TINY = "edgesrgan_tiny_x4_psnr"


def test_alpha_leads_from_one_model_to_the_other(folder, dataset):
    onnx = pytest.importorskip("onnx", reason="network interpolation needs onnx")
    gan, psnr = folder.add(f"{TINY}.onnx", "net_x4.onnx"), folder.add(f"{TINY}.onnx", "net_x4_psnr.onnx")
    model = onnx.load(gan)
    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT and len(tensor.dims) == 4:
            weights = onnx.numpy_helper.to_array(tensor)
            tensor.CopyFrom(onnx.numpy_helper.from_array(1.05 * weights, tensor.name))
    onnx.save(model, gan)
    write_card(gan, msgspec.structs.replace(read_json(card_path(gan), ModelCard), sha256=file_sha256(gan)))

    rows = measure(blendable([psnr, gan]), dataset, None, threads=1)
    assert [(row.model, row.alpha) for row in rows] == [("net_x4", alpha) for alpha in ALPHAS]
    measured, _ = measure_all([gan, psnr], dataset, None)
    ends = {found.row.model: found.row.psnr_y_db for found in measured}
    assert (rows[0].psnr_y_db, rows[-1].psnr_y_db) == (ends["net_x4"], ends["net_x4_psnr"])
    assert len({row.psnr_y_db for row in rows}) == len(ALPHAS)


def result_of(enveloped, *figures):
    """Those of α in steps of .25: PSNR-Y, LPIPS."""
    rows = [
        BlendRow(
            model="net_x4",
            alpha=index / 4,
            psnr_y_db=psnr,
            ssim_y=0.8,
            lpips_alex=lpips,
            lpips_vgg=None,
            niqe=4.5,
        )
        for index, (psnr, lpips) in enumerate(figures)
    ]
    return enveloped(CLAIM, BlendSettings(dataset="a set", niqe_model="a model"), rows)


def test_the_table_has_a_line_for_each_alpha(enveloped):
    text = blend_table(result_of(enveloped, (27, 0.2), (28, 0.1)))
    assert text.splitlines()[-1] == "| `net_x4` | 0.25 | 28.00 | 0.800 | 0.100 | – | 4.50 |"


def test_a_figure_that_does_not_rise_keeps_no_goal(enveloped, kept):
    found = kept(CLAIM, result_of(enveloped, (27, 0.1), (28, 0.2), (27.9, 0.3)))
    assert {name: met for name, met in found.items() if "at x4" in name} == {
        "PSNR-Y rises from each α to the next at x4, the least step": False,
        "LPIPS rises from each α to the next at x4, the least step": True,
    }
