"""Reading YAML and JSON files into typed, checked structures."""

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml
from msgspec import inspect
from typing_extensions import dataclass_transform

from edgesr_ros.errors import InputError

T = TypeVar("T")

# JSON Schema's own word for "set at start only"; pass it to Meta(extra_json_schema=…).
FIXED = {"readOnly": True}

_LEAST = 4096  # bytes; a file system's unit

# What msgspec says of a wrong choice or key without telling the right ones.
_WRONG = re.compile(r"(?:Invalid (?:enum )?value|contains unknown field)[^$]*(?:\$(?P<place>.*)`)?$")


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(msgspec.field,))
class Struct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every file's structure: immutable, and a misspelt key is an error, not a silent default."""


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        InputError: the file is missing or is not text.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as text ({error})") from None


def convert(value: object, kind: type[T], where: str, from_text: bool = False) -> T:
    """`value` (plain dicts, lists, numbers) as a `kind`; with `from_text`, numbers may come as text.

    Raises:
        InputError: a key is missing, unknown, of the wrong type or out of range; names `where` and the key.
    """
    try:
        return msgspec.convert(value, kind, strict=not from_text)
    except msgspec.ValidationError as error:
        raise InputError(f"{where}: {error}") from None


def read_yaml(path: Path, kind: type[T]) -> T:
    """The YAML file at `path` as a `kind`; errors as `convert`, and one for YAML that does not parse."""
    try:
        value = yaml.safe_load(read_text(path))
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None
    return _from_file(value, kind, path)


def read_json(path: Path, kind: type[T]) -> T:
    """The JSON file at `path` as a `kind`; errors as `convert`, and one for JSON that does not parse."""
    try:
        value = msgspec.json.decode(read_text(path))
    except msgspec.DecodeError as error:
        raise InputError(f"{path}: not valid JSON: {error}") from None
    return _from_file(value, kind, path)


def _from_file(value: object, kind: type[T], path: Path) -> T:
    try:
        return convert(value, kind, str(path))
    except InputError as error:
        if wrong := _WRONG.search(str(error)):
            steps = re.findall(r"\.(\w+)|\[(\d+)\]", wrong["place"] or "")
            if known := _known(inspect.type_info(kind), value, steps):
                raise InputError(f"{error}, expected one of {', '.join(map(str, known))}") from None
        raise


def _known(info: inspect.Type, value: Any, steps: Sequence[tuple[str, str]]) -> Sequence[object]:
    """The values, or the keys, that there may be at a place: after `steps` of (key, index) into `value`."""
    if isinstance(info, inspect.UnionType):
        structs = [kind for kind in info.types if isinstance(kind, inspect.StructType)]
        if len(structs) > 1:  # told apart by their tags
            chosen = [kind for kind in structs if kind.tag == value.get(kind.tag_field)]
            if not chosen:
                return [kind.tag for kind in structs]
            info = chosen[0]
        else:
            info = next(kind for kind in info.types if not isinstance(kind, inspect.NoneType))
    if not steps:
        if isinstance(info, inspect.StructType):
            return [field.encode_name for field in info.fields]
        return info.values if isinstance(info, inspect.LiteralType) else []
    (key, index), *rest = steps
    if isinstance(info, inspect.StructType):
        field = next(field for field in info.fields if field.encode_name == key)
        return _known(field.type, value[key], rest)
    if isinstance(info, inspect.ListType | inspect.VarTupleType):
        return _known(info.item_type, value[int(index)], rest)
    return []


def write_json(path: Path, value: object) -> None:
    """Write `value` (structs, dicts, lists) as indented JSON.

    Raises:
        InputError: the file cannot be written.
    """
    write_text(path, msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a file, and the folders that lead to it.

    Raises:
        InputError: the file cannot be written.
    """
    write_bytes(path, text.encode())


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file, and the folders that lead to it; none is left where not all of it could be written.

    Raises:
        InputError: the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            try:
                file.write(data)
                file.flush()
            except OSError:
                if path.is_file():  # half of it looks like a whole one
                    path.unlink()
                raise
    except OSError as error:
        raise _unwritable(path, error) from None


def check_writable(path: Path) -> None:
    """Before long work: make the folders that lead to a file, and see that there is space for its beginning.

    Raises:
        InputError: the file could not be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            path.open("ab").close()
        with tempfile.TemporaryFile(dir=path.parent) as file:
            file.write(bytes(_LEAST))
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> InputError:
    return InputError(f"{path}: cannot be written ({error.strerror or error})")
