"""Builds the package for colcon (`colcon build`) and for pip (`pip install .`)."""

import sys
from pathlib import Path

from setuptools import find_packages, setup

NAME = "edgesr_ros"
NODES = ["frame_player", "ground_station", "link_emulator", "onboard", "operator", "quality_recorder"]
STUB = """#!/bin/sh
# `ros2 run` and launch start this file; the interpreter is the one that the package was installed for.
python="$(dirname "$0")/../../bin/python3"
[ -x "$python" ] || python=python3
exec "$python" -m {name}.nodes.{node} "$@"
"""

# pip puts console scripts into bin/, where ROS does not look, so a wheel carries the nodes as files of
# lib/<package>. colcon puts console scripts there by itself (setup.cfg).
for_wheel = "bdist_wheel" in sys.argv


def shared_files() -> list[tuple[str, list[str]]]:
    """What goes to share/<package>, folder by folder."""
    files = {
        f"share/{NAME}": ["package.xml", "LICENSE"],
        "share/ament_index/resource_index/packages": [f"resource/{NAME}"],
    }
    for root, pattern in (("config", "*"), ("launch", "*.launch.py"), ("models", "*")):
        for path in sorted(Path(root).rglob(pattern)):
            if path.is_file():
                files.setdefault(f"share/{NAME}/{path.parent.as_posix()}", []).append(path.as_posix())
    return sorted(files.items())


def stubs() -> tuple[str, list[str]]:
    """Writes one executable a node and returns where they go."""
    folder = Path("build/stubs")
    folder.mkdir(parents=True, exist_ok=True)
    for node in NODES:
        stub = folder / node
        stub.write_text(STUB.format(name=NAME, node=node))
        stub.chmod(0o755)
    return f"lib/{NAME}", [str(folder / node) for node in NODES]


setup(
    name=NAME,
    version="0.1.0",
    description="A robot's camera over a bad radio link, super-resolved at the ground station",
    license="Apache-2.0",
    maintainer="edgesr_ros maintainers",
    maintainer_email="maintainers@edgesr-ros.example",
    python_requires=">=3.10",
    packages=find_packages(include=[NAME, f"{NAME}.*"]),
    package_data={NAME: ["**/*.jinja", "**/*.html", "operator/page/*"]},
    data_files=[*shared_files(), *([stubs()] if for_wheel else [])],
    # Versions known to work together: requirements/runtime.txt. ROS 2 comes from its own installation.
    install_requires=[
        "ai-edge-litert",
        "aiohttp",
        "av",
        "jinja2",
        "markupsafe",
        "matplotlib",
        "mcap",
        "msgspec",
        "numpy",
        "onnx",
        "onnxruntime",
        "opencv-python-headless<5",
        "pillow",
        "PyYAML",
        "rosbags",
        "tqdm",
        "typing_extensions",
    ],
    extras_require={
        "distributed": ["distributed"],
        "openvino": ["openvino"],
        "test": ["pytest"],
        "train": ["optuna", "safetensors", "tensorboard", "torch", "torch-pruning"],
    },
    entry_points={
        "console_scripts": [
            f"edgesr = {NAME}.cli.main:main",
            *([] if for_wheel else [f"{node} = {NAME}.nodes.{node}:main" for node in NODES]),
        ]
    },
    zip_safe=False,
)
