"""The nodes that the launch files would start, in this process: they have what is said of them, and fit."""

import importlib
import itertools
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

import pytest
import yaml
from launch_actions import StartedNode
from launch_runs import RUNS, title

rclpy = pytest.importorskip("rclpy", reason="ROS 2 is not installed: make test installs it")

from rclpy.context import Context  # noqa: E402
from rclpy.publisher import Publisher  # noqa: E402
from rclpy.qos import QoSCompatibility, QoSProfile, qos_check_compatible  # noqa: E402

from edgesr_ros.nodes.node import EdgesrNode  # noqa: E402
from edgesr_ros.nodes.parameters import properties_of  # noqa: E402

ENDPOINTS = ("publishers", "subscriptions")
CHAINS = [run for run in RUNS if {"source", "camera", "bag"} & run[1].keys()]

Create = Callable[..., EdgesrNode]


def kind_of(executable: str) -> type[EdgesrNode]:
    module = importlib.import_module(f"edgesr_ros.nodes.{executable}")
    own = [kind for kind in vars(module).values() if getattr(kind, "__module__", "") == module.__name__]
    (kind,) = (kind for kind in own if isinstance(kind, type) and issubclass(kind, EdgesrNode))
    return kind


@pytest.fixture
def create(ros_domain, pictures, tmp_path, monkeypatch) -> Iterator[Create]:  # noqa: ARG001
    """Makes a node of what would be started, with the arguments that `launch_ros` gives it."""
    monkeypatch.chdir(tmp_path)
    # A node subscribes to what it needs while somebody listens: here somebody always does.
    monkeypatch.setattr(Publisher, "get_subscription_count", lambda _: 1)
    # The player would end with its pictures, and with it the context of all.
    monkeypatch.setattr(EdgesrNode, "end", lambda *_: None)
    context = Context()
    context.init(domain_id=ros_domain)
    nodes: list[EdgesrNode] = []

    def create(started: StartedNode, remap: bool = True) -> EdgesrNode:
        overrides = tmp_path / f"parameters_{len(nodes)}.yaml"
        overrides.write_text(yaml.dump({"/**": {"ros__parameters": started.parameters}}))
        arguments = ["--ros-args", "-r", f"__ns:={started.namespace}"]
        for file in (*started.parameter_files, overrides):
            arguments += ["--params-file", str(file)]
        for source, target in started.remappings if remap else ():
            arguments += ["-r", f"{source}:={target}"]
        nodes.append(kind_of(started.executable)(context=context, cli_args=arguments))
        return nodes[-1]

    yield create
    for node in nodes:
        node.close()
        node.destroy_node()
    context.try_shutdown()


def endpoints(nodes: list[EdgesrNode], which: str) -> list[tuple[str, type, QoSProfile]]:
    """Topic, type and quality of service of all `publishers` or `subscriptions`."""
    found = itertools.chain.from_iterable(getattr(node, which) for node in nodes)
    return [(endpoint.topic_name, endpoint.msg_type, endpoint.qos_profile) for endpoint in found]


@pytest.mark.parametrize("run", RUNS, ids=title)
def test_the_nodes_have_the_parameters_that_they_are_given(starts, create, run):
    for part in starts(run[0], **run[1]).nodes:
        own = properties_of(kind_of(part.executable).PARAMETERS)
        assert part.parameters.keys() <= {*own, "use_sim_time"}
        node = create(part)
        for name, value in part.parameters.items():
            taken = node.get_parameter(name).value
            assert (type(taken), taken) == (type(value), value), name


@pytest.mark.parametrize("run", RUNS, ids=title)
def test_the_nodes_have_the_topics_that_are_remapped(starts, create, run):
    for part in starts(run[0], **run[1]).nodes:
        node = create(part, remap=False)
        topics = {topic for which in ENDPOINTS for topic, _, _ in endpoints([node], which)}
        assert {str(PurePosixPath(part.namespace, source)) for source, _ in part.remappings} <= topics


@pytest.mark.parametrize("run", CHAINS, ids=title)
def test_what_a_node_of_the_chain_hears_another_says(starts, create, run):
    name, given = run
    nodes = [create(part) for part in starts(name, **given).nodes]
    said, heard = (endpoints(nodes, which) for which in ENDPOINTS)
    foreign = set()  # what comes from outside of the chain
    if "camera" in given:
        several = "{camera}/" if "cameras" in given else ""
        foreign = {given["camera"], given.get("camera_info", f"/robot/{several}camera_info")}
    elif given.get("player") == "rosbag2":
        foreign = {"/robot/image_raw", "/robot/camera_info", "/clock"}
    names = given.get("cameras", "").split(",")
    foreign = {topic.replace("{camera}", name) for topic in foreign for name in names}
    if "cameras" in given:
        foreign.add("/robot/focus")  # an operator's wish
    for topic, kind, qos in heard:
        fitting = [
            (topic, kind) == (other, other_kind)
            and qos_check_compatible(other_qos, qos)[0] is not QoSCompatibility.ERROR
            for other, other_kind, other_qos in said
        ]
        assert any(fitting) or topic in foreign, f"nobody publishes {topic}"
    assert foreign <= {topic for topic, _, _ in heard}
