"""The quality benchmark on models of which one is an int8 one by its card alone."""

import re
from pathlib import Path

import msgspec
import pytest

from benchmarks.claims.quality.claim import CLAIM, QualityRows, QualitySettings, quality_table
from benchmarks.claims.quality.measure import measure_all, published, shipped
from benchmarks.claims.quality.page import write_page
from edgesr_ros.schema import read_json
from edgesr_ros.upscaling.card import ModelCard, card_path, file_sha256, write_card

TINY, LARGE = "edgesrgan_tiny_x4_psnr", "edgesrgan_x4_psnr"


def plain_card(model: Path) -> ModelCard:
    """A model's card, not checked against it."""
    return read_json(card_path(model), ModelCard)


def test_rows_and_page(folder, dataset, tmp_path):
    plain = folder.add(f"{TINY}.onnx", "net_x4.onnx")
    same = folder.add(f"{TINY}.onnx", "net_x4_float16.onnx", precision="float16")
    other = folder.add(f"{LARGE}.onnx", "net_x4_int8.onnx", precision="int8")
    broken = folder.add(f"{TINY}.onnx", "broken_x4.onnx")
    broken.write_bytes(b"not a model")
    write_card(broken, msgspec.structs.replace(plain_card(broken), sha256=file_sha256(broken)))

    measured, skipped = measure_all([other, same, broken, plain], dataset, None)
    assert len(skipped) == 1
    assert skipped[0].startswith("broken_x4.onnx: not a model")
    assert str(folder.path) not in skipped[0]
    rows = [found.row for found in measured]
    assert [row.model for row in rows] == ["bicubic_x4", "net_x4", "net_x4_float16", "net_x4_int8"]
    assert [row.precision for row in rows] == [None, "float32", "float16", "int8"]
    against = [row.psnr_against_float_db for row in rows]
    assert against[:3] == [None, None, 100]
    assert against[3] == pytest.approx(30, abs=15)
    assert rows[1].lpips_alex == rows[2].lpips_alex != rows[3].lpips_alex

    page = write_page(tmp_path / "page.html", measured, dataset).read_text(encoding="utf-8")
    assert len(re.findall(r'src="data:image/webp;base64,[A-Za-z0-9+/=]{100,}"', page)) == 5
    assert "http" not in page
    assert f"{rows[3].psnr_y_db:.2f} dB" in page
    # What looks the same as the float32 model is not shown.
    assert "net_x4_float16." in page
    assert "one: net_x4_float16" not in page


def test_what_is_shipped_has_a_card():
    files = shipped()
    assert {f"{TINY}.onnx", f"{TINY}.tflite"} <= {path.name for path in files}
    assert all(path.is_file() for path in files)


def test_the_table_has_ours_first_and_says_where_bicubic_is_better(enveloped):
    rows = published("Set5")
    ours = [
        msgspec.structs.replace(rows[0], model="bicubic_x4", precision=None, published=False, psnr_y_db=28.0),
        msgspec.structs.replace(
            rows[1],
            model="net_x4",
            format="tflite",
            published=False,
            psnr_y_db=27.0,
            psnr_against_float_db=41.2,
        ),
    ]
    result = enveloped(
        CLAIM,
        QualitySettings(niqe_model="a model"),
        QualityRows(models=rows + ours, skipped=["a.onnx: damaged"]),
    )
    text = quality_table(result)
    _, _, first, second, *_ = text.splitlines()
    assert first.startswith("| `bicubic_x4` | 0 |")
    assert second.startswith("| `net_x4` TFLite | 660,611 | 3.176 | 27.00 | 0.837 | 0.095 |")
    assert second.endswith("| 41.2 |")
    assert "Bicubic is better in PSNR-Y than `net_x4`." in text
    assert "Not measured: a.onnx: damaged." in text


def test_published_figures_are_those_of_set5():
    lpips = {row.model: row.lpips_alex for row in published("set5")}
    assert (lpips["EdgeSRGAN"], lpips["EdgeSRGAN-tiny, distilled"], lpips["TPSR-D2"]) == (
        0.095,
        0.132,
        0.1207,
    )
    assert not published("set14")


def test_int8_files_are_held_to_their_float_ones(enveloped, kept):
    ours = msgspec.structs.replace(
        published("set5")[1], model="net_x4", format="onnx", published=False, lpips_alex=0.1
    )

    def goals(form: str, lpips: float, against: float) -> list[str]:
        int8 = msgspec.structs.replace(
            ours,
            model="net_x4_int8",
            format=form,
            precision="int8",
            lpips_alex=lpips,
            psnr_against_float_db=against,
        )
        rows = QualityRows(models=[ours, int8], skipped=[])
        found = kept(CLAIM, enveloped(CLAIM, QualitySettings(niqe_model="a model"), rows))
        return [name for name, met in found.items() if met and "int8" in name]

    lost, near = (
        "LPIPS of int8 {} above float32, the most of any",
        "int8 {} against float32, the least of any",
    )
    assert goals("onnx", 0.104, 40.0) == [lost.format("ONNX"), near.format("ONNX")]
    assert goals("onnx", 0.106, 39.9) == []
    assert goals("tflite", 0.114, 39.0) == [lost.format("TFLite"), near.format("TFLite")]
    assert goals("tflite", 0.116, 38.9) == []
