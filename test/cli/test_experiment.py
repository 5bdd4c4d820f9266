import json

import cv2
import numpy as np
import pytest

from edgesr_ros.cli.main import main

PLAN = """
description: small
contenders:
  - {name: ours, kind: ours}
  - {name: jpeg, kind: fixed, codec: jpeg, quality: 90}
links: [radio_100kbps]
recordings: [pictures/]
camera: {width: 128, height: 96, rate_hz: 20}
models: [bicubic]
seconds: 2
curves: false
"""


@pytest.fixture
def plan(tmp_path):
    (tmp_path / "pictures").mkdir()
    for number in range(5):
        picture = np.full((96, 128, 3), 60, np.uint8)
        picture[30:60, 10 * number : 10 * number + 40] = (40, 90, 220)
        cv2.imwrite(str(tmp_path / "pictures" / f"{number}.png"), picture)
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN)
    return path


def test_it_prints_a_line_a_run_and_leaves_results_and_a_page(plan, tmp_path, capsys):
    output = tmp_path / "found"
    assert main(["experiment", str(plan), "--output", str(output), "--seconds", "3"]) == 0
    head, ours, jpeg, *files = capsys.readouterr().out.splitlines()
    assert ours.startswith("radio_100kbps") and " ours " in ours and " jpeg " in jpeg
    assert len(head) == len(ours) == len(jpeg)
    assert files == [str(output / "results.json"), str(output / "report.html")]
    results = json.loads((output / "results.json").read_text())
    assert [row["contender"] for row in results["rows"]] == ["ours", "jpeg"]
    assert {row["seconds"] for row in results["rows"]} == {3}
    assert "<svg" in (output / "report.html").read_text()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("links: [radio", "links: [ratio"), "links[0]: 'ratio_100kbps': no such file"),
        (("pictures/", "nothing.mp4"), "nothing.mp4: no such folder or file"),
        (("models: [bicubic]", "models: [no_network]"), "models[0]: model 'no_network': no such file"),
        (
            ("quality: 90", "qualty: 90"),
            "field `qualty` - at `$.contenders[1]`, expected one of name",
        ),
    ],
)
def test_a_mistake_is_one_line_with_file_and_key(plan, tmp_path, capsys, change, message):
    plan.write_text(PLAN.replace(*change))
    assert main(["experiment", str(plan), "--output", str(tmp_path / "found")]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"edgesr experiment: {plan}: ")
    assert message in error
    assert error.count("\n") == 1


def test_recordings_of_one_name_cannot_be_told_apart(plan, capsys):
    assert main(["experiment", str(plan), "--recordings", "a/clip.mp4", "b/clip.mp4"]) == 2
    assert "recordings[1]: expected names that differ, got clip twice" in capsys.readouterr().err
