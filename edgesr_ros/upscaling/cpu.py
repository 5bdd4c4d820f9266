"""What Linux tells of the processor."""

import platform
import re
from functools import cache
from pathlib import Path

_FACTS = Path("/proc/cpuinfo")
_NAME = re.compile(r"^model name\s*:\s*(.*)$", re.MULTILINE)
_VNNI = re.compile(r"^flags\b.*\bavx(512)?_vnni\b", re.MULTILINE)


@cache
def cpu_name() -> str:
    """Make and model; where Linux does not tell, the architecture."""
    name = _NAME.search(_facts())
    return name[1].strip() if name else platform.machine()


@cache
def products_may_overflow() -> bool:
    """Whether this CPU may add products of 8 bits in 16 of them: x86 that is not known to have VNNI."""
    return platform.machine().lower() in ("x86_64", "amd64") and not _VNNI.search(_facts())


def _facts() -> str:
    return _FACTS.read_text(encoding="utf-8") if _FACTS.is_file() else ""
