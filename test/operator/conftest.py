"""A server with a node that only writes down what it is asked."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from edgesr_ros.operator.access import Access
from edgesr_ros.operator.server import Server

TOKEN = "0123456789abcdef"


class Node:
    """The actions of a page as they come."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.came = threading.Condition()
        self.answers: list[Any] = []

    def note(self, *what: object) -> None:
        with self.came:
            self.asked.append(what)
            self.came.notify_all()

    def audience(self) -> None:
        self.note("audience")

    def again(self, camera: str) -> None:
        self.note("again", camera)

    def focus(self, camera: str) -> None:
        self.note("focus", camera)

    def record(self, on: bool) -> None:
        self.note("record", on)

    def set(self, request: Any, answer: Any) -> None:
        self.note("set", request.node, request.name, request.value)
        if request.value == "silence":
            return
        threading.Thread(target=answer, args=("too large" if request.value == 99 else "",)).start()

    def snapshot(self, camera: str, number: int, compared: bool) -> bytes | None:
        return f"{camera} {number} {compared}".encode() if number < 10 else None


@pytest.fixture
def node() -> Node:
    return Node()


@pytest.fixture
def server(node: Node) -> Iterator[Server]:
    """One that only this machine reaches, for cameras `front` and `rear` and four viewers."""
    serving = Server(Access("127.0.0.1", ""), ("front", "rear"), 4, node)
    serving.start("127.0.0.1", 0)
    yield serving
    serving.close()


@pytest.fixture
def guarded(node: Node) -> Iterator[Server]:
    """One that needs a token, as for other machines."""
    serving = Server(Access("0.0.0.0", TOKEN), ("front", "rear"), 4, node)
    serving.start("127.0.0.1", 0)
    yield serving
    serving.close()
