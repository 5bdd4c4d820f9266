"""`edgesr operator`: the operator's page, as the launch file starts it, without launch."""

import argparse
import os
from typing import Any

from edgesr_ros.errors import InputError
from edgesr_ros.live.processes import chain_environment

HELP = "serve the operator's page: pictures, link, settings, recordings in a browser"

_OPTIONS = {  # parameter: what it is
    "cameras": "names of cameras, with commas between (default: one, on image_sr)",
    "listen": "IP address to serve on (default 127.0.0.1); any other needs the token that is told beside it",
    "port": "TCP port (default 8088)",
    "token_file": "file that holds the token (default: a new one each time)",
    "recordings": "folder for recordings (default ~/edgesr_recordings)",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--namespace", default="/", help="namespace of the pictures, e.g. /ground")
    parser.add_argument("--focus", default="focus", help="topic that tells the robot which camera counts")
    for name, text in _OPTIONS.items():
        kind: Any = int if name == "port" else str
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, help=text)


def run(arguments: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    os.environ.update(chain_environment())  # our DDS profile, which the middleware looks for when it starts
    try:
        from rclpy.parameter import Parameter

        from edgesr_ros.nodes.node import run as run_node
        from edgesr_ros.nodes.operator import Operator
    except ImportError as error:
        raise InputError(f"ROS 2 is not there: {error}") from None
    given = {name: getattr(arguments, name) for name in _OPTIONS}
    overrides = [Parameter(name, value=value) for name, value in given.items() if value is not None]
    options = {
        "namespace": arguments.namespace,
        "parameter_overrides": overrides,
        "cli_args": ["--ros-args", "-r", f"focus:={arguments.focus}"],
    }
    return run_node(lambda: Operator(**options))
