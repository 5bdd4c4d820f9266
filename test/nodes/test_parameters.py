"""Parameters of real nodes in this process: what `ros2 param` describes and sets."""

import math
from collections.abc import Iterator
from typing import Annotated, Literal

import pytest

rclpy = pytest.importorskip("rclpy", reason="ROS 2 is not installed: make test installs it")

from msgspec import Meta  # noqa: E402
from rclpy.context import Context  # noqa: E402
from rclpy.node import Node  # noqa: E402
from rclpy.parameter import Parameter  # noqa: E402

from edgesr_ros import resources  # noqa: E402
from edgesr_ros.defaults import defaults_of  # noqa: E402
from edgesr_ros.ends.robot_settings import RobotSettings  # noqa: E402
from edgesr_ros.errors import InputError  # noqa: E402
from edgesr_ros.nodes.frame_player import FramePlayerParameters  # noqa: E402
from edgesr_ros.nodes.ground_station import GroundStationParameters  # noqa: E402
from edgesr_ros.nodes.link_emulator import LinkEmulatorParameters  # noqa: E402
from edgesr_ros.nodes.parameters import Parameters, properties_of  # noqa: E402
from edgesr_ros.nodes.quality_recorder import QualityRecorderParameters  # noqa: E402
from edgesr_ros.nodes.remote_parameters import PARAMETERS  # noqa: E402
from edgesr_ros.operator.settings import OperatorSettings  # noqa: E402
from edgesr_ros.schema import FIXED, Struct, convert  # noqa: E402

NODES = {
    "frame_player": FramePlayerParameters,
    "ground_station": GroundStationParameters,
    "link_emulator": LinkEmulatorParameters,
    "onboard": RobotSettings,
    "operator": OperatorSettings,
    "quality_recorder": QualityRecorderParameters,
}


class Sample(Struct):
    count: Annotated[int, Meta(ge=1, le=16, description="How many.")]
    rate: Annotated[float, Meta(ge=0, description="How often, Hz.")]
    codec: Annotated[Literal["webp", "png"], Meta(description="How compressed.")]
    loop: Annotated[bool, Meta(description="Whether.")]
    name: Annotated[str, Meta(description="Of the file.", extra_json_schema=FIXED)]


@pytest.fixture
def node(ros_domain: int) -> Iterator[Node]:
    context = Context()
    context.init(domain_id=ros_domain)
    node = Node("sample", context=context)
    yield node
    node.destroy_node()
    context.shutdown()


@pytest.fixture
def defaults(tmp_path, monkeypatch) -> None:
    text = "/**: {ros__parameters: {count: 2, rate: 0.5, codec: webp, loop: true, name: a}}"
    (tmp_path / "sample.yaml").write_text(text)
    monkeypatch.setattr(resources, "config", tmp_path.joinpath)


@pytest.fixture
def parameters(node, defaults) -> Parameters[Sample]:  # noqa: ARG001
    return Parameters(node, Sample, "sample")


def change(node, **values):
    return node.set_parameters_atomically([Parameter(name, value=value) for name, value in values.items()])


def test_every_node_has_its_defaults_and_the_config_nothing_else():
    assert {path.stem for path in resources.config().glob("*.yaml")} == set(NODES)


def test_the_operator_knows_every_node_with_live_parameters():
    live = {
        name
        for name, kind in NODES.items()
        if not all(facts.get("readOnly") for facts in properties_of(kind).values())
    }
    assert live == {*PARAMETERS, "operator"}
    assert all(PARAMETERS[name] is NODES[name] for name in PARAMETERS)


@pytest.mark.parametrize("name", NODES)
def test_defaults_have_the_names_and_types_of_the_node(name):
    defaults = defaults_of(name)
    current = convert(defaults, NODES[name], name)
    for key, value in defaults.items():
        # Exactly: a whole number for a float would make ROS declare an integer.
        assert type(value) is type(getattr(current, key)), key


@pytest.mark.parametrize("name", NODES)
def test_every_parameter_is_described(name):
    for key, facts in properties_of(NODES[name]).items():
        assert facts["description"].endswith("."), key


@pytest.mark.parametrize("name", NODES)
def test_every_node_can_declare_its_parameters(node, name):
    assert Parameters(node, NODES[name], name).current == convert(defaults_of(name), NODES[name], name)


def test_descriptors_say_type_range_choices_and_what_cannot_change(node, parameters):  # noqa: ARG001
    count, rate, codec, loop, name = map(node.describe_parameter, ("count", "rate", "codec", "loop", "name"))
    assert [d.description for d in (count, rate, loop)] == ["How many.", "How often, Hz.", "Whether."]
    assert count.type == Parameter.Type.INTEGER.value
    assert (count.integer_range[0].from_value, count.integer_range[0].to_value) == (1, 16)
    assert rate.type == Parameter.Type.DOUBLE.value
    assert rate.floating_point_range[0].from_value == 0.0
    assert rate.floating_point_range[0].to_value > 1e9
    assert codec.additional_constraints == "one of png, webp"
    assert loop.type == Parameter.Type.BOOL.value
    assert [d.read_only for d in (count, rate, codec, loop, name)] == [False] * 4 + [True]


def test_a_change_replaces_the_whole_value(node, parameters):
    before = parameters.current
    assert change(node, count=3, codec="png").successful
    assert parameters.current == Sample(count=3, rate=0.5, codec="png", loop=True, name="a")
    assert before.count == 2  # what a frame in work goes on with


def test_a_whole_number_will_do_for_a_float(node, parameters):
    assert change(node, rate=25).successful
    assert parameters.current.rate == 25.0


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"count": 0}, "count"),
        ({"count": 17}, "count"),
        ({"count": "2"}, "type"),
        ({"count": 2.0}, "type"),
        ({"rate": -1.0}, "rate"),
        ({"rate": -1}, "rate"),
        ({"rate": math.nan}, "rate"),
        ({"rate": "fast"}, "rate"),
        ({"codec": "avif"}, "codec: png, webp"),
        ({"loop": "yes"}, "type"),
        ({"name": "b"}, "name"),
        ({"count": 3, "codec": "avif"}, "codec"),
    ],
)
def test_a_wrong_change_is_refused_and_changes_nothing(node, parameters, values, reason):
    before = parameters.current
    result = change(node, **values)
    assert not result.successful
    assert reason in result.reason
    assert "\n" not in result.reason
    assert parameters.current == before
    assert [node.get_parameter(name).value for name in values] == [getattr(before, name) for name in values]


def test_a_parameter_of_another_owner_may_change_too(node, parameters):
    node.declare_parameter("use_case", "day")
    assert change(node, use_case="night", count=5).successful
    assert parameters.current.count == 5


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"count": 99}, "count"),
        ({"count": "many"}, "count"),
        ({"rate": "fast"}, "rate"),
        ({"codec": "avif"}, "expected one of codec: png, webp"),
    ],
)
@pytest.mark.usefixtures("defaults")
def test_a_wrong_value_at_the_start_is_one_line(ros_domain, given, reason):
    context = Context()
    context.init(domain_id=ros_domain)
    overrides = [Parameter(name, value=value) for name, value in given.items()]
    node = Node("sample", context=context, parameter_overrides=overrides)
    try:
        with pytest.raises(InputError) as error:
            Parameters(node, Sample, "sample")
    finally:
        node.destroy_node()
        context.shutdown()
    assert str(error.value).startswith("/sample: ")
    assert reason in str(error.value)
    assert "\n" not in str(error.value)
