from pathlib import Path
from typing import Annotated

import pytest
from msgspec import Meta

from edgesr_ros.errors import InputError
from edgesr_ros.schema import Struct, convert, read_json, read_text, read_yaml, write_json


class Inner(Struct):
    side: Annotated[int, Meta(ge=1)] = 8


class Outer(Struct):
    name: str
    rate: Annotated[float, Meta(gt=0)]
    inner: Inner = Inner()


def write(folder: Path, text: str) -> Path:
    path = folder / "file.txt"
    path.write_text(text, encoding="utf-8")
    return path


def test_yaml_and_json_read_alike(tmp_path):
    expected = Outer(name="é", rate=2.0, inner=Inner(side=3))
    assert read_yaml(write(tmp_path, "name: é\nrate: 2\ninner: {side: 3}"), Outer) == expected
    assert read_json(write(tmp_path, '{"name": "é", "rate": 2, "inner": {"side": 3}}'), Outer) == expected


def test_what_is_not_given_is_the_default():
    assert convert({"name": "a", "rate": 1.5}, Outer, "here").inner == Inner(side=8)


def test_structures_do_not_change():
    with pytest.raises(AttributeError):
        Inner().side = 9


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ({"name": "a"}, "rate"),
        ({"name": "a", "rate": "fast"}, "$.rate"),
        ({"name": "a", "rate": True}, "$.rate"),
        ({"name": "a", "rate": 0}, "$.rate"),
        ({"name": "a", "rate": float("nan")}, "$.rate"),
        ({"name": "a", "rate": 1, "colour": 2}, "colour"),
        ({"name": "a", "rate": 1, "inner": {"side": 0}}, "$.inner.side"),
        ({"name": "a", "rate": 1, "inner": None}, "$.inner"),
        ({1: 2}, "key"),
        (None, "null"),
        ([], "array"),
    ],
)
def test_a_wrong_value_is_one_line_with_place_and_key(value, key):
    with pytest.raises(InputError) as error:
        convert(value, Outer, "here")
    assert str(error.value).startswith("here: ")
    assert key in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (read_yaml, "name: [1,\nrate: 2", "not valid YAML"),
        (read_yaml, "!!python/object/apply:os.getcwd []", "not valid YAML"),
        (read_yaml, "", "expected `object`, got `null`"),
        (read_json, '{"name": ', "not valid JSON"),
        (read_json, "", "not valid JSON"),
    ],
)
def test_text_that_does_not_parse_is_one_line_with_the_path(tmp_path, read, text, message):
    path = write(tmp_path, text)
    with pytest.raises(InputError) as error:
        read(path, Outer)
    assert str(error.value).startswith(f"{path}: ")
    assert message.lower() in str(error.value).lower()
    assert "\n" not in str(error.value)


def test_unreadable_files_are_one_line(tmp_path):
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for name, message in (("none", "no such file"), ("binary", "cannot be read as text"), (".", "cannot be")):
        with pytest.raises(InputError, match=message) as error:
            read_text(tmp_path / name)
        assert str(error.value).startswith(str(tmp_path / name))


def test_json_goes_back_and_forth(tmp_path):
    value = Outer(name="a", rate=0.1, inner=Inner(side=2))
    path = tmp_path / "new" / "folder" / "value.json"
    write_json(path, value)
    assert read_json(path, Outer) == value
    assert path.read_text().startswith('{\n  "name": "a"')


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match=r"value\.json: cannot be written"):
        write_json(tmp_path / "file" / "value.json", {})
