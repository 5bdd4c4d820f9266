"""What nodes are called where there may be several robots."""

from typing import Literal

CAMERAS = ("frame_player", "observer")  # of the processes those that stand for camera and operator


def namespace(robot: str, side: Literal["robot", "ground"]) -> str:
    """Of the nodes on one side of the link."""
    return f"/{label(robot, side)}"


def label(robot: str, node: str) -> str:
    """What we call a node of a robot."""
    return f"{robot}/{node}" if robot else node


def name_of(node: str) -> str:
    """The name in a `label`."""
    return node.rpartition("/")[2]


def robot_of(node: str) -> str:
    """The robot in a `label`."""
    return node.rpartition("/")[0]
