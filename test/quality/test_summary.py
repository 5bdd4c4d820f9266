import msgspec
import pytest

from edgesr_ros.quality.record import SUMMARY
from edgesr_ros.quality.rows import FrameRow, Scores
from edgesr_ros.quality.summary import read_summary, summarise
from edgesr_ros.schema import write_json

GOOD = Scores(psnr_db=31.25, ssim=0.875, lpips=0.125)
POOR = Scores(psnr_db=28.5, ssim=0.75, lpips=0.375)
MADE_BY = {"model": "tiny", "backend": "onnxruntime"}
NAMES = {"link": "lte", "source": "clip.mp4"}


def row(index, **changes):
    stamp_s = 1.7e9 + index / 25
    values = {"stamp_s": stamp_s, "shown_s": stamp_s + 0.05, "age_ms": 50.0, "method": "sr", "bytes": 3000}
    return FrameRow(**(values | MADE_BY | changes))


def test_summary_of_a_run():
    rows = [row(i, age_ms=float(i), method="bicubic" if i < 3 else "sr") for i in range(101)]
    rows[10] = row(10, age_ms=10.0, sr=GOOD, bicubic=POOR, consistency_db=40.0)
    rows[20] = row(20, age_ms=20.0, sr=POOR, bicubic=POOR, consistency_db=44.0)
    counters = {
        "frames_sent": 120,
        "bytes_received": 330_000,
        "dropped.paced": 7,
        "dropped.malformed": 2,
        "x": 1,
    }
    summary = summarise(rows, counters, **NAMES, duration_s=4.0, size="640x480")
    assert (summary.frames_sent, summary.frames_shown, summary.fps_shown) == (120, 101, 25.25)
    ages = summary.age_ms
    assert (ages.p50, ages.p95, ages.p99, ages.max) == (50, 95, 99, 100)
    assert summary.bytes_per_frame == 3000
    assert summary.link_kbps == 660
    assert summary.dropped == {"paced": 7, "malformed": 2}
    assert summary.methods == {"sr": 98, "bicubic": 3}
    assert summary.out_of_order == 0
    assert summary.quality.measured_frames == 2
    assert summary.quality.sr.lpips == 0.25
    assert summary.quality.bicubic.psnr_db == 28.5
    assert summary.consistency_db == 42
    assert (summary.model, summary.backend) == tuple(MADE_BY.values())
    assert (summary.link, summary.source) == tuple(NAMES.values())


def test_what_enlarged_most_pictures_is_named_and_all_are_counted():
    full = {"method": "none", "model": "none", "backend": "none"}
    makers = [full] * 4 + [{"model": "x2", "backend": "litert"}] * 3 + [MADE_BY] + [{"model": None}]
    summary = summarise([row(i, **made) for i, made in enumerate(makers)], {}, **NAMES, duration_s=1.0)
    assert (summary.model, summary.backend) == ("x2", "litert")
    assert summary.models == {"x2 on litert": 3, "tiny on onnxruntime": 1}


def test_pictures_of_unknown_age_are_counted_and_have_none():
    rows = [row(0, age_ms=None), row(1, age_ms=40.0), row(2, age_ms=None)]
    summary = summarise(rows, {}, **NAMES, duration_s=1.0)
    assert (summary.frames_shown, summary.age_ms.p50, summary.age_ms.max) == (3, 40, 40)


def test_pictures_older_than_one_already_shown_are_counted():
    rows = [row(i) for i in (0, 3, 1, 2, 3, 4)]  # 1 and 2 after 3; 3 again is no step back
    assert summarise(rows, {}, **NAMES, duration_s=1.0).out_of_order == 2


def test_without_a_count_of_bytes_those_of_the_pictures_shown_stand_in():
    rows = [row(0, bytes=1000), row(1, bytes=None), row(2, bytes=2000)]
    summary = summarise(rows, {}, **NAMES, duration_s=2.0)
    assert (summary.link_kbps, summary.bytes_per_frame) == (12, 1500)


@pytest.mark.parametrize("rows", [[], [row(0, bytes=None)]])
def test_figures_that_nothing_defines_are_null(tmp_path, rows):
    path = tmp_path / SUMMARY
    summary = summarise(rows, {}, **NAMES, duration_s=0.0)
    write_json(path, summary)
    assert read_summary(path) == summary
    plain = msgspec.json.decode(path.read_bytes())
    assert plain["frames_shown"] == len(rows)
    assert plain["age_ms"]["p95"] == (50 if rows else None)
    for figure in ("frames_sent", "fps_shown", "bytes_per_frame", "link_kbps", "consistency_db", "size"):
        assert plain[figure] is None, figure
    nothing = {"psnr_db": None, "ssim": None, "lpips": None}
    assert plain["quality"] == {"measured_frames": 0, "sr": nothing, "bicubic": nothing}
