"""Cells of TPSR's search space (arXiv 2007.04356, section 4) as text: each node reads one before it."""

import re
from typing import NamedTuple

from edgesr_ros.errors import InputError

HEAD = -1  # what nodes read that read no other
# c: a convolution and a PReLU; s: a depthwise one, a PReLU, a 1x1 one, a PReLU; the number is its side.
OPERATIONS = ("c1", "c3", "c5", "c7", "s3", "s5", "s7")
# The cell that was found. Its nodes' names in the published files, and its graph, say what the space is.
PUBLISHED = "s5<-1 c7<0 c7<1 c3<2 c3<2 c5<4 s3<5 c5<3 c3<7 c7<-1"

_MOST_NODES = 64  # files may say anything
_NODE = re.compile(rf"(?P<operation>{'|'.join(OPERATIONS)})<(?P<source>-1|[0-9]{{1,2}})")


class Node(NamedTuple):
    """A node of a cell."""

    operation: str  # one of `OPERATIONS`
    source: int  # number of the node that it reads, or `HEAD`

    @property
    def kernel(self) -> int:
        """Side of its convolution, pixels."""
        return int(self.operation[1])

    @property
    def separable(self) -> bool:
        """Whether its convolution is a depthwise one and a 1x1 one."""
        return self.operation[0] == "s"

    def __str__(self) -> str:
        return f"{self.operation}<{self.source}"


class Cell(NamedTuple):
    """A cell: what no node reads is added up."""

    nodes: tuple[Node, ...]

    @classmethod
    def of_text(cls, text: str) -> "Cell":
        """The cell that a text such as `PUBLISHED` tells: a node a word, `<operation><<source>`.

        Raises:
            InputError: a word is no node, a node reads one that does not come before it, or there is none.
        """
        words = text.split()
        if not 1 <= len(words) <= _MOST_NODES:
            raise InputError(f"cell: expected 1 to {_MOST_NODES} nodes such as c3<{HEAD}, got {len(words)}")
        nodes = []
        for number, word in enumerate(words):
            found = _NODE.fullmatch(word)
            if not found or int(found["source"]) >= number:
                sources = f"{HEAD} (the head)" + (f" to {number - 1}" if number else "")
                raise InputError(
                    f"cell: node {number}: expected one of {', '.join(OPERATIONS)}, < and a node from "
                    f"{sources}, got {word[:20]!r}"
                )
            nodes.append(Node(found["operation"], int(found["source"])))
        return cls(tuple(nodes))

    @property
    def text(self) -> str:
        """What `of_text` makes this cell of."""
        return " ".join(map(str, self.nodes))

    @property
    def unread(self) -> tuple[int, ...]:
        """Numbers of the nodes whose outputs are added up."""
        read = {node.source for node in self.nodes}
        return tuple(number for number in range(len(self.nodes)) if number not in read)

    @property
    def depths(self) -> tuple[int, ...]:
        """For each node how many there are from the head to it, itself included."""
        depths: list[int] = []
        for node in self.nodes:
            depths.append(1 + (depths[node.source] if node.source != HEAD else 0))
        return tuple(depths)

    @property
    def reach(self) -> int:
        """How many pixels to each side its output depends on."""
        reaches: list[int] = []
        for node in self.nodes:
            reaches.append(node.kernel // 2 + (reaches[node.source] if node.source != HEAD else 0))
        return max(reaches)
