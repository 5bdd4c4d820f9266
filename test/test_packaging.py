"""What is declared, built and installed is what the checkout holds."""

import ast
import importlib.metadata
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = ("config", "launch", "models")
TRAINING = ("networks", "training")  # rooms that import what only requirements/train.txt brings

# rosdep key, or None where there is none, of every Python package that is not named like its key.
KEYS = {
    "PIL": "python3-pil",
    "ai_edge_litert": None,
    "aiohttp": "python3-aiohttp",
    "av": None,
    "cv2": "python3-opencv",
    "jinja2": "python3-jinja2",
    "markupsafe": "python3-markupsafe",
    "matplotlib": "python3-matplotlib",
    "mcap": None,
    "msgspec": None,
    "numpy": "python3-numpy",
    "onnx": None,
    "onnxruntime": "python3-onnxruntime-pip",
    "rosbags": "python3-rosbags-pip",
    "tqdm": "python3-tqdm",
    "typing_extensions": "python3-typing-extensions",
    "yaml": "python3-yaml",
}
# A faster runtime; instead of ai_edge_litert; only for `edgesr train`, `search` and `export`; only for
# WebRTC in experiments; only for experiments on many machines.
OPTIONAL = {"openvino", "tflite_runtime", "torch", "optuna", "selenium", "urllib3", "distributed"}


@pytest.fixture(scope="module")
def manifest() -> ElementTree.Element:
    return ElementTree.parse(ROOT / "package.xml").getroot()


def declared(manifest: ElementTree.Element) -> set[str]:
    return {(entry.text or "") for entry in manifest if entry.tag in ("depend", "exec_depend")}


def imported(folder: Path, skip: tuple[str, ...] = ()) -> set[str]:
    """The foreign packages that the modules below a folder import, at their head or later."""
    names = set()
    for path in folder.rglob("*.py"):
        if path.relative_to(folder).parts[0] in skip:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module)
    return {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names) - {"edgesr_ros"}


def required(file: str) -> set[str]:
    """The normalized names in a requirements file and in those that it includes."""
    names: set[str] = set()
    for line in (ROOT / "requirements" / file).read_text().splitlines():
        if line.startswith("-r "):
            names |= required(line[3:].strip())
        elif line and not line.startswith("#"):
            names.add(normalized(line))
    return names


def normalized(requirement: str) -> str:
    name = re.match(r"[\w.-]+", requirement)
    assert name, requirement
    return name[0].lower().replace("_", "-")


def metadata(wheel: Path) -> importlib.metadata.PathDistribution:
    (folder,) = {path for path in zipfile.Path(wheel).iterdir() if path.name.endswith(".dist-info")}
    return importlib.metadata.PathDistribution(folder)


def test_the_manifest_is_of_a_python_package(manifest):
    assert manifest.get("format") == "3"
    assert manifest.findtext("export/build_type") == "ament_python"
    license_file = manifest.find("license")
    assert license_file is not None
    assert (ROOT / license_file.get("file", "none")).is_file()
    assert (ROOT / "resource" / manifest.findtext("name", "none")).is_file()


def test_manifest_and_wheel_agree(manifest, wheel):
    facts = metadata(wheel).metadata
    assert normalized(facts["Name"]) == normalized(manifest.findtext("name", "none"))
    assert facts["Version"] == manifest.findtext("version")
    assert facts["License"] == manifest.findtext("license")


def test_everything_imported_is_in_the_manifest(manifest):
    names = imported(ROOT / "edgesr_ros", skip=TRAINING) | imported(ROOT / "launch")
    keys = {KEYS.get(name, name) for name in names - OPTIONAL} - {None}
    assert keys <= declared(manifest)


def test_what_rosdep_lacks_is_in_the_requirements():
    lacking = {name.replace("_", "-") for name, key in KEYS.items() if key is None or key.endswith("-pip")}
    assert required("no_rosdep.txt") == lacking


def test_wheel_and_requirements_name_the_same_packages(wheel):
    needed = {normalized(line) for line in metadata(wheel).requires or () if "extra ==" not in line}
    assert needed == required("runtime.txt")


def test_the_wheel_has_every_module_and_template(wheel):
    files = {path.relative_to(ROOT).as_posix() for path in (ROOT / "edgesr_ros").rglob("*") if path.is_file()}
    assert {name for name in files if "__pycache__" not in name} <= set(zipfile.ZipFile(wheel).namelist())


def test_the_wheel_has_every_shared_file(wheel):
    names = {name.partition(".data/data/")[2] for name in zipfile.ZipFile(wheel).namelist()}
    files = {path for folder in SHARED for path in (ROOT / folder).rglob("*") if path.is_file()}
    expected = {
        f"share/edgesr_ros/{path.relative_to(ROOT).as_posix()}" for path in files if path.suffix != ".pyc"
    }
    assert expected | {"share/ament_index/resource_index/packages/edgesr_ros"} <= names


def test_installed_it_has_one_executable_a_node(prefix):
    modules = (ROOT / "edgesr_ros/nodes").glob("*.py")
    nodes = {path.stem for path in modules if "def main(" in path.read_text()}
    executables = {path.name: path for path in (prefix / "lib/edgesr_ros").iterdir()}
    assert set(executables) == nodes
    assert all(os.access(path, os.X_OK) for path in executables.values())
    assert (prefix / "bin/edgesr").is_file()


def test_installed_it_finds_its_files(prefix, tmp_path):
    (package,) = prefix.rglob("edgesr_ros/resources.py")
    program = "from edgesr_ros import resources; print(resources.share())"
    environment = os.environ | {"PYTHONPATH": str(package.parents[1])}
    found = subprocess.check_output([sys.executable, "-c", program], text=True, env=environment, cwd=tmp_path)
    assert found.strip() == str(prefix / "share/edgesr_ros")
