"""What the documents say of topics is what the nodes declare, and their links lead somewhere."""

import re
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace
from typing import get_args

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
TOPICS = ROOT / "doc" / "topics.md"
DEVELOP = ROOT / "doc" / "develop.md"
PAGES = [README, *sorted((ROOT / "doc").glob("*.md"))]

README_LINES = 180

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.*?) *$", re.MULTILINE)
CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"`([\w/.]+\.(?:py|yaml))(?::(\w+))?`")  # `nodes/onboard.py:_send`
ROW = re.compile(r"^\|(.+)\|$", re.MULTILINE)


def words(page: Path) -> str:
    """A page without its blocks of code, where `#` and brackets mean something else."""
    return CODE.sub("", page.read_text(encoding="utf-8"))


def section(page: Path, title: str) -> str:
    """What stands under a heading, up to the next one."""
    text = words(page)
    _, found, rest = text.partition(f"\n## {title}\n")
    assert found, f"{page.name} has no section {title!r}"
    return rest.partition("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    """The cells of a Markdown table, without its head."""
    return [[cell.strip() for cell in row.split("|")] for row in ROW.findall(text)][2:]


def anchor(heading: str) -> str:
    """What a heading is called in an address, as GitHub makes it."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_what_is_there(page):
    lost = []
    for target in LINK.findall(words(page)):
        if "://" in target:
            continue
        path, _, place = target.partition("#")
        to = (page.parent / path).resolve() if path else page
        if not to.exists() or (place and place not in map(anchor, HEADING.findall(words(to)))):
            lost.append(target)
    assert not lost


def test_readme_can_be_read_in_one_go():
    assert len(README.read_text(encoding="utf-8").splitlines()) <= README_LINES


def test_readme_leads_to_every_page():
    targets = {target.partition("#")[0] for target in LINK.findall(words(README))}
    assert {f"doc/{page.name}" for page in PAGES[1:]} <= targets


def test_code_that_is_named_is_there():
    lost = []
    for path, name in NAMED.findall(words(DEVELOP)):
        file = next((at for at in (ROOT / path, ROOT / "edgesr_ros" / path) if at.is_file()), None)
        if not file or (name and not re.search(rf"(def|class) {name}\b", file.read_text(encoding="utf-8"))):
            lost.append(f"{path}:{name}")
    assert not lost


class Entity:
    """A publisher or subscription that somebody hears, and that nobody needs DDS for."""

    def __init__(self, topic):
        self.topic_name = topic

    def publish(self, message):
        pass

    def get_subscription_count(self):
        return 1

    def get_publisher_count(self):
        return 1


class Silent:
    """A logger, or a clock at its beginning."""

    def info(self, *_, **__):
        pass

    warning = info

    def now(self):
        return SimpleNamespace(nanoseconds=0)


@pytest.fixture
def declared(monkeypatch):
    """(direction, topic) → {(node, type, QoS)}: what the nodes declare when they are made.

    Made without ROS under them: what they would create is written down.
    """
    pytest.importorskip("rclpy", reason="ROS 2 is not installed: make test installs it")
    from rclpy.node import Node
    from rclpy.qos import QoSProfile

    from edgesr_ros.nodes import (
        frame_player,
        ground_station,
        link_emulator,
        onboard,
        operator,
        quality_recorder,
    )
    from edgesr_ros.nodes.node import EdgesrNode

    found = defaultdict(set)
    parameters = {
        "model": "bicubic",
        "source": "anything",
        "publish_clock": True,
    }

    def note(direction):
        def create(node, kind, topic, *rest, **_):
            profiles = [value for value in rest if isinstance(value, (QoSProfile, int))]
            (qos,) = profiles
            qos = qos if isinstance(qos, QoSProfile) else QoSProfile(depth=qos)
            said = (qos.reliability.name.lower(), qos.durability.name.lower(), qos.depth)
            name = f"{kind.__module__.split('.')[0]}/{kind.__name__}"
            found[direction, topic].add((node.NAME, name, said))
            return Entity(topic)

        return create

    stand_ins = {
        "__init__": lambda *_, **__: None,
        "create_publisher": note("published"),
        "create_subscription": note("subscribed"),
        "create_timer": lambda *_, **__: None,
        "create_guard_condition": lambda *_: None,
        "declare_parameter": lambda _, name, default, *__: SimpleNamespace(
            value=parameters.get(name, default)
        ),
        "add_on_set_parameters_callback": lambda *_: None,
        "add_post_set_parameters_callback": lambda *_: None,
        "get_publishers_info_by_topic": lambda *_: [],
        "get_topic_names_and_types": lambda _: [],
        "count_publishers": lambda *_: 0,
        "publishers": (),
        "resolve_topic_name": lambda _, topic: f"/{topic}",
        "get_fully_qualified_name": lambda node: f"/{node.NAME}",
        "get_name": lambda node: node.NAME,
        "get_logger": lambda _: Silent(),
        "get_clock": lambda _: Silent(),
    }
    for name, stand_in in stand_ins.items():
        monkeypatch.setattr(Node, name, stand_in)
    subscribe = EdgesrNode.subscribe_any

    def subscribe_each(node, topic, ways, **options):
        """An input takes one of its types at a time: here all, one after the other."""
        return [subscribe(node, topic, {kind: way}, **options) for kind, way in ways.items()][-1]

    monkeypatch.setattr(EdgesrNode, "subscribe_any", subscribe_each)
    source = SimpleNamespace(description="nothing", close=lambda: None, notes=list)
    monkeypatch.setattr(frame_player, "open_source", lambda *_: source)
    monkeypatch.setattr(frame_player.FramePlayer, "_play", lambda _: None)
    session = SimpleNamespace(finish=lambda _: "no report", shown=0)
    monkeypatch.setattr(quality_recorder, "Session", lambda *_: session)
    monkeypatch.setattr(operator.Server, "start", lambda *_: None)
    monkeypatch.setattr(operator.Server, "viewers", lambda _: 1)
    for kind in (
        frame_player.FramePlayer,
        ground_station.GroundStation,
        link_emulator.EmulatedLink,
        onboard.Onboard,
        operator.Operator,
        quality_recorder.QualityRecorder,
    ):
        kind().close()
    return found


def test_topics_are_those_that_the_nodes_declare(declared):
    profiles = {
        name: (reliability.replace(" ", "_"), durability.replace(" ", "_"), int(depth))
        for name, reliability, durability, depth, _ in rows(section(TOPICS, "Quality of service"))
    }
    nodes = {node for entities in declared.values() for node, _, _ in entities}
    said = defaultdict(set)
    for topic, kind, publishers, subscribers, qos in rows(section(TOPICS, "The topics")):
        out, _, into = (name.strip() for name in qos.partition("/"))
        for direction, cell, profile in (
            ("published", publishers, out),
            ("subscribed", subscribers, into or out),
        ):
            named = nodes if cell == "all six" else nodes & set(re.findall(r"`(\w+)`", cell))
            if named:
                entities = {(node, kind.strip("`"), profiles[profile]) for node in named}
                said[direction, topic.strip("`")] |= entities
    assert said == declared


def test_keys_of_messages_are_those_that_are_sent():
    from edgesr_ros.control.decision import Decision
    from edgesr_ros.control.report import ArrivalReport
    from edgesr_ros.quality.facts import PictureFacts

    sent = {
        "`image_sr/facts`": PictureFacts.__struct_fields__,
        "`link_report`": (*ArrivalReport.__struct_fields__, "recent_numbers"),
        "`rate_control`": (
            *Decision._fields,
            *("sent_bytes", "scale", "codec", "quality", "range_low", "range_high"),
        ),
    }
    for title, keys in sent.items():
        assert [row[0].strip("`") for row in rows(section(TOPICS, title))] == list(keys), title


def test_formats_are_what_onboard_writes():
    from edgesr_ros.codecs.format import FrameFormat

    told = [row[0].strip("`") for row in rows(section(TOPICS, "`image_lr/compressed`"))]
    assert told
    assert [FrameFormat.parse(text, 1, 1).text() for text in told] == told


def test_counters_are_those_that_are_counted():
    from edgesr_ros.control.arrivals import Order
    from edgesr_ros.link.emulator import DropReason

    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "edgesr_ros/nodes").glob("*.py"))
    counted = {
        method: set(re.findall(rf'\.{method}\("(\w+)"', code)) for method in ("drop", "count", "stage")
    }
    reasons = counted["drop"] | {"recovering"} | set(get_args(Order)) - {"new"}
    reasons |= {f"link_{reason}" for reason in get_args(DropReason)}
    told = section(TOPICS, "`/diagnostics`")
    assert set(re.findall(r"`dropped\.(\w+)`", told)) == reasons
    assert counted["count"] | counted["stage"] <= set(re.findall(r"`(\w+)`", told))
