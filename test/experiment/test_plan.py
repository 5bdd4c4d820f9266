import pytest

from edgesr_ros import resources
from edgesr_ros.defaults import defaults_of
from edgesr_ros.errors import InputError
from edgesr_ros.experiment.plan import Fixed, Ours, profiles, read_experiment

GOOD = """
description: one
contenders: [{name: a, kind: fixed, codec: jpeg, quality: 80}, {name: b, kind: ours}]
links: [demo]
"""


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "some.yaml"
        path.write_text(text)
        return str(path)

    return write


def test_every_shipped_experiment_can_be_read():
    shipped = sorted(resources.config("experiments").glob("*.yaml"))
    assert shipped
    for path in shipped:
        experiment = read_experiment(path.stem)
        assert set(profiles(experiment)) == {link.rpartition("/")[2] for link in experiment.links}


def test_the_shipped_experiments_enlarge_by_the_networks_of_the_ground_station():
    station = defaults_of("ground_station")
    networks = [station[name] for name in ("model", "model_x2", "model_x8")]
    for path in resources.config("experiments").glob("*.yaml"):
        assert list(read_experiment(path.stem).models) == [name for name in networks if name], path.name


def test_what_the_file_does_not_say_has_a_default(written):
    experiment = read_experiment(written(GOOD))
    assert experiment.contenders == (
        Fixed(name="a", codec="jpeg", quality=80, scale=1, enlarge="bicubic"),
        Ours(name="b", ladder="auto", policy="balanced"),
    )
    assert (experiment.camera.width, experiment.camera.rate_hz) == (640, 30)


def test_links_and_recordings_lie_beside_the_file(written, tmp_path):
    (tmp_path / "own.yaml").write_text("description: x\ncapacity: {steps: [{kbps: 77}]}")
    (tmp_path / "clip.mp4").touch()
    file = written(GOOD.replace("demo", "own.yaml") + "recordings: [clip.mp4]")
    experiment = read_experiment(file)
    assert profiles(experiment)["own"].kbps_at(0) == 77
    assert experiment.recordings == (str(tmp_path / "clip.mp4"),)


def test_the_command_line_has_the_last_word(written):
    changes = {"links": ["lte", "outage"], "seconds": 3, "recordings": None}
    experiment = read_experiment(written(GOOD), changes)
    assert (experiment.links, experiment.seconds) == (("lte", "outage"), 3.0)
    assert experiment.recordings == ("clip",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("contenders: [", "not valid YAML"),
        (GOOD.replace("links", "lonks"), "unknown field `lonks`, expected one of description, contenders,"),
        (GOOD.replace("jpeg", "png"), "'png' - at `$.contenders[0].codec`, expected one of jpeg, webp"),
        (
            GOOD.replace("kind: ours", "kind: magic"),
            "'magic' - at `$.contenders[1].kind`, expected one of",
        ),
        (GOOD.replace("quality: 80", "quality: 101"), "Expected `int` <= 100 - at `$.contenders[0].quality`"),
        (GOOD.replace("name: b", "name: a"), "contenders[1]: expected each once, got 'a' again"),
        (GOOD.replace("demo", "nowhere"), "links[0]: 'nowhere': no such file, nor one of config/links"),
        (
            GOOD.replace("kind: ours", "kind: webrtc, codec: VP8"),
            "contenders[1]: 'b' cannot be simulated: time: real",
        ),
        (
            GOOD.replace("kind: ours", "kind: webrtc, codec: VP8") + "cameras: 3\ntime: real",
            "contenders[1]: 'b' sends one camera, expected cameras: 1, got 3",
        ),
        (GOOD + "seconds: 0", "Expected `float` >= 1.0 - at `$.seconds`"),
        (GOOD + "camera: {width: 3}", "Expected `int` >= 64 - at `$.camera.width`"),
    ],
)
def test_a_mistake_is_one_line_with_file_key_and_what_was_expected(written, text, message):
    with pytest.raises(InputError) as error:
        read_experiment(written(text))
    assert str(error.value).startswith(written(text))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_an_experiment_that_does_not_exist_is_one_line():
    with pytest.raises(InputError, match="'none': no such file, nor one of config/experiments"):
        read_experiment("none")
