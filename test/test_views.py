"""The layouts for other viewers: each topic, type and field in them is one that our nodes publish.

What is published stands in doc/topics.md, which `test_documents.py` holds against the nodes. What no test
here can tell is whether the viewers, which are not installed, take the files.
"""

import ast
import importlib
import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import yaml

from edgesr_ros import resources

ROOT = Path(__file__).resolve().parents[1]
ROW = re.compile(r"^\| `([\w/]+)` \| `(\w+)/(\w+)` \| (.*?) \|", re.MULTILINE)
KEYS = re.compile(r"^\| `(\w+)` \|", re.MULTILINE)
PAIRS = re.compile(r'(?P<topic>/[\w/]+)\.status\[:\]\.values\[:\]\{key=="(?P<key>\w+)"\}\.value')
PATH = re.compile(r"(?P<topic>/[\w/]+)\.(?P<fields>[\w.\[\]]+)")


def views(name: str) -> str:
    return resources.config("views", name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def published() -> dict[str, type]:
    """By topic, in the root namespace, the type that somebody of ours publishes."""
    pytest.importorskip("rclpy", reason="ROS 2 is not installed: make test installs it")
    table = (ROOT / "doc" / "topics.md").read_text(encoding="utf-8")
    return {
        f"/{topic.lstrip('/')}": getattr(importlib.import_module(f"{package}.msg"), kind)
        for topic, package, kind, publishers in ROW.findall(table)
        if publishers.strip()
    }


def keys_of(topic: str) -> set[str]:
    """The keys of a message of keys and values, as doc/topics.md tells them."""
    text = (ROOT / "doc" / "topics.md").read_text(encoding="utf-8")
    return set(KEYS.findall(text.partition(f"\n## `{topic[1:]}`\n")[2].partition("\n## ")[0]))


def check_field(kind: type, fields: str) -> None:
    """A field within a field is one of the type's."""
    for field in fields.split("."):
        name, _, index = field.partition("[")
        name_of_type = kind.get_fields_and_field_types()[name]
        element = re.fullmatch(r"sequence<(\w+)/(\w+)>", name_of_type)
        assert element or not index, f"{name} is {name_of_type}"
        found = element or re.fullmatch(r"(\w+)/(\w+)", name_of_type)
        if found:
            kind = getattr(importlib.import_module(f"{found[1]}.msg"), found[2])


def check_path(published: dict[str, type], path: str) -> None:
    """A path of Foxglove leads to something."""
    if found := PAIRS.fullmatch(path):
        assert published[found["topic"]].__name__ == "DiagnosticArray"
        assert found["key"] in keys_of(found["topic"]), path
    else:
        found = PATH.fullmatch(path)
        assert found, path
        check_field(published[found["topic"]], found["fields"])


def test_foxglove_shows_what_there_is(published):
    layout = json.loads(views("foxglove.json"))
    kinds = {"imageTopic": "Image", "calibrationTopic": "CameraInfo", "topicToRender": "DiagnosticArray"}
    paths = 0
    for panel in layout["configById"].values():
        for key, topic in {**panel, **panel.get("imageMode", {})}.items():
            if key in kinds:
                assert published[topic].__name__ == kinds[key], topic
            elif key in ("path", "topicPath"):
                check_path(published, topic)
        for path in panel.get("paths", ()):
            check_path(published, path["value"])
            paths += 1
    assert paths >= 6


def test_foxglove_places_each_panel_once():
    layout = json.loads(views("foxglove.json"))

    def placed(part):
        return [part] if isinstance(part, str) else placed(part["first"]) + placed(part["second"])

    assert sorted(placed(layout["layout"])) == sorted(layout["configById"])


def test_rviz_shows_what_there_is_with_a_quality_of_service_that_fits(published):
    displays = yaml.safe_load(views("edgesr.rviz"))["Visualization Manager"]["Displays"]
    assert displays
    for display in displays:
        assert display["Class"] == f"rviz_default_plugins/{published[display['Topic']['Value']].__name__}"
        assert display["Topic"]["Durability Policy"] == "Volatile"


def test_rqt_shows_what_there_is(published):
    manager = json.loads(views("rqt.perspective"))["groups"]["pluginmanager"]
    running = ast.literal_eval(manager["keys"]["running-plugins"]["repr"])
    names = {f"plugin__{name.replace('/', '__')}__{n}" for name, numbers in running.items() for n in numbers}
    assert names == set(manager["groups"])

    def settings(name):
        keys = manager["groups"][name]["groups"]["plugin"]["keys"]
        return {key: ast.literal_eval(value["repr"]) for key, value in keys.items()}

    assert published[settings("plugin__rqt_image_view__ImageView__1")["topic"]].__name__ == "Image"
    for path in settings("plugin__rqt_plot__Plot__1")["topics"]:
        topic, _, field = path.rpartition("/")
        check_field(published[topic], field)


def test_plotjuggler_draws_what_there_is(published):
    root = ElementTree.fromstring(views("plotjuggler.xml"))
    topics = {topic.attrib["name"] for topic in root.iter("topic")}
    curves = [curve.attrib["name"] for curve in root.iter("curve")]
    assert topics <= published.keys() and curves
    for curve in curves:
        # Of a DiagnosticArray PlotJuggler makes <topic>/<name of the status>/<key>.
        (topic,) = (topic for topic in topics if curve.startswith(f"{topic}/"))
        rest = curve.removeprefix(f"{topic}/")
        if published[topic].__name__ == "DiagnosticArray":
            status, _, key = rest.partition("/")
            assert status == {"/rate_control": "rate_control", "/image_sr/facts": "picture"}[topic]
            assert key in keys_of(topic), curve
        else:
            check_field(published[topic], rest)
    for splitter in root.iter("DockSplitter"):
        assert int(splitter.attrib["count"]) == len(splitter) == len(splitter.attrib["sizes"].split(";"))
