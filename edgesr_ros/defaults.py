"""The nodes' default parameters, for who runs without ROS as well."""

from typing import Any

from edgesr_ros import resources
from edgesr_ros.schema import read_yaml


def defaults_of(config: str) -> dict[str, Any]:
    """The default of each parameter, by name, from config/<config>.yaml.

    Raises:
        InputError: the file is missing or is no YAML.
    """
    path = resources.config(f"{config}.yaml")
    return read_yaml(path, dict[str, dict[str, dict[str, Any]]])["/**"]["ros__parameters"]


def default_model() -> str:
    """The name of the network that the ground station enlarges with, unless it is told otherwise."""
    return str(defaults_of("ground_station")["model"])
