"""What nodes are called where there may be several cameras."""

from typing import Literal

CAMERAS = ("frame_player", "observer")  # of the processes those that stand for camera and operator


def namespace(camera: str, side: Literal["robot", "ground"]) -> str:
    """Of what belongs to a camera on one side of the link."""
    return f"/{side}/{camera}" if camera else f"/{side}"


def label(camera: str, node: str) -> str:
    """What we call a node of a camera; of one that is of all, or where there is but one camera, its name."""
    return f"{camera}/{node}" if camera else node


def name_of(node: str) -> str:
    """The name in a `label`."""
    return node.rpartition("/")[2]


def camera_of(node: str) -> str:
    """The camera in a `label`."""
    return node.rpartition("/")[0]
