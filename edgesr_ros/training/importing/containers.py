"""The two kinds of files that `torch.save` writes: a pickle that tells of numbers, and the numbers."""

import mmap
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edgesr_ros.errors import InputError
from edgesr_ros.training.importing.pickled import LONGEST, External, Name, Pickled, read_pickle
from edgesr_ros.training.importing.tensors import shown

_ITEMS = {  # bytes of a number, by the class in torch
    **dict.fromkeys(("Double", "Long", "ComplexFloat"), 8),
    **dict.fromkeys(("Float", "Int"), 4),
    **dict.fromkeys(("Half", "BFloat16", "Short"), 2),
    **dict.fromkeys(("Char", "Byte", "Bool"), 1),
}


@dataclass(frozen=True, slots=True)
class Storage:
    """Numbers that tensors are part of.

    Attributes:
        key: which in the file.
        kind: of number, as torch calls it: `Float`.
        count: how many.
    """

    key: str
    kind: str
    count: int

    @classmethod
    def of(cls, external: External) -> "Storage | None":
        """As a pickle tells of it; None: of something else, or of numbers of no known kind."""
        match external.key:
            case ("storage", Name(text), str(key), _, int(count), *_) if count >= 0:
                kind = text.removeprefix("torch.").removesuffix("Storage")
                if kind in _ITEMS:
                    return cls(key, kind, count)
        return None

    @property
    def bytes(self) -> int:
        """All of them."""
        return self.count * _ITEMS[self.kind]


class Container(Protocol):
    """A file of either kind. Its methods raise InputError where something is not there or not as it was."""

    held: Pickled  # the object that was saved

    def numbers(self, storage: Storage) -> memoryview:
        """The bytes of a storage, without a copy."""


class Zip:
    """A zip file of things that are not compressed (PyTorch 1.6 and newer)."""

    BEGIN = b"PK\x03\x04"

    _END = 22  # bytes of the record behind its directory
    _DIRECTORY = 1 << 18  # bytes of that; the largest of a known checkpoint has 71,085
    _HEADER = 30  # bytes in front of each thing; a name, and what torch.save fills up with, follow

    def __init__(self, path: Path, data: mmap.mmap) -> None:
        self._data = memoryview(data)
        end = bytes(self._data[-self._END :])
        if not end.startswith(b"PK\x05\x06"):
            raise InputError("its directory is not at its end")
        if int.from_bytes(end[12:16], "little") > self._DIRECTORY:
            raise InputError("too many things in it")
        try:
            with zipfile.ZipFile(path) as file:
                self._entries = {entry.filename: entry for entry in file.infolist()}
        except (ValueError, NotImplementedError, zipfile.BadZipFile) as error:
            raise InputError(f"its directory is damaged ({shown(str(error))})") from None
        pickles = [name for name in self._entries if name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise InputError(f"expected one data.pkl in it, got {len(pickles)}")
        self._folder = pickles[0].removesuffix("data.pkl")
        self.held = read_pickle(self._entry(pickles[0]))

    def numbers(self, storage: Storage) -> memoryview:
        found = self._entry(f"{self._folder}data/{storage.key}")
        if len(found) != storage.bytes:
            raise InputError(f"expected {storage.bytes:,} bytes, got {len(found):,}")
        return found

    def _entry(self, name: str) -> memoryview:
        entry = self._entries.get(name)
        if entry is None or entry.compress_type != zipfile.ZIP_STORED:
            raise InputError(f"{shown(name)} is {'compressed' if entry else 'not in it'}")
        begin = entry.header_offset + self._HEADER
        lengths = self._data[begin - 4 : begin]
        begin += int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little")
        found = self._data[begin : begin + entry.file_size]
        if len(found) != entry.file_size or zlib.crc32(found) != entry.CRC:
            raise InputError(f"{shown(name)} is cut or damaged")
        return found


class Older:
    """Pickles one after the other, then the numbers (before PyTorch 1.6)."""

    BEGIN = b"\x80\x02"

    _SAID = (0x1950A86A20F9469CFC6C, 1001)  # what the first two pickles hold
    _COUNT = 8  # bytes that tell how many numbers follow

    def __init__(self, _path: Path, data: mmap.mmap) -> None:
        self._data, position = memoryview(data), 0
        pickles = []
        for _ in range(5):  # the two above, the machine that wrote it, the object, keys of its storages
            pickles.append(read_pickle(self._data[position : position + LONGEST]))
            position += pickles[-1].length
        *said, _, self.held, keys = pickles
        if tuple(pickle.value for pickle in said) != self._SAID or not isinstance(keys.value, list):
            raise InputError("it does not begin as one")
        storages = {storage.key: storage for storage in map(Storage.of, self.held.external) if storage}
        self._begins: dict[str, int] = {}
        for key in keys.value:
            if not isinstance(key, str) or key not in storages:
                raise InputError("it has numbers of no tensor")
            self._begins[key] = position
            position += self._COUNT + storages[key].bytes
        if position > len(self._data):
            raise InputError(f"expected {position:,} bytes, got {len(self._data):,}")

    def numbers(self, storage: Storage) -> memoryview:
        begin = self._begins.get(storage.key)
        if begin is None:
            raise InputError("its numbers are not there")
        count = int.from_bytes(self._data[begin : begin + self._COUNT], "little")
        begin += self._COUNT
        found = self._data[begin : begin + storage.bytes]
        if count != storage.count or len(found) != storage.bytes:
            raise InputError(f"expected {storage.count:,} numbers, got {count:,}")
        return found


STORAGES = {f"torch.{kind}Storage" for kind in _ITEMS}  # names of the classes of numbers
BEGINNINGS = (Zip.BEGIN, Older.BEGIN)  # of a file that may be one
