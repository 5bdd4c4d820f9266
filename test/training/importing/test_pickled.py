"""Pickles are read as data: nothing that they name is imported, and nothing that they would do is done."""

import collections
import os
import pickle
import tracemalloc

import pytest

from edgesr_ros.errors import InputError
from edgesr_ros.training.importing.pickled import Call, External, Name, read_pickle


class Evil:
    def __init__(self, path):
        self._path = path

    def __reduce__(self):
        return os.system, (f"touch {self._path}",)


def test_plain_values_are_what_they_were():
    value = {"a": [1, 2.5, None, True, (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), "ü", 10**30, {3: []}]}
    data = pickle.dumps(value, 2)
    read = read_pickle(data + b"more")
    assert (read.value, read.names, read.length) == (value, set(), len(data))


def test_an_ordered_dict_is_a_dict_and_its_attributes_are_nobody_s():
    value = collections.OrderedDict(b=1, a=2)
    value._metadata = {"": {"version": 1}}
    assert list(read_pickle(pickle.dumps(value, 2)).value.items()) == [("b", 1), ("a", 2)]


def test_a_command_stays_a_note_of_it(tmp_path):
    path = tmp_path / "touched"
    read = read_pickle(pickle.dumps([Evil(path), 7], 2))
    command, seven = read.value
    assert command == Call(Name("posix.system"), (f"touch {path}",))
    assert seven == 7
    assert read.names == {"posix.system"}
    assert not path.exists()


def test_a_module_that_does_not_exist_is_a_name():
    read = read_pickle(b"\x80\x02cno.such.module\nThing\n)\x81}b.")
    assert read.value == Call(Name("no.such.module.Thing"), ())


def test_what_is_elsewhere_is_told():
    read = read_pickle(b"\x80\x02X\x03\x00\x00\x00keyQ.")
    assert read.value == External("key")
    assert read.external == [External("key")]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\x02",
        b"\x80\x02.",
        b"\x80\x02NN.",
        b"\x80\x02h\x01.",  # what nobody stored
        b"\x80\x02t.",  # no mark
        b"\x80\x02N\x86.",  # a pair of one
        b"\x80\x02NK\x01a.",  # appends to no list
        b"\x80\x02}NNs.",  # a key that is no text
        b"\x80\x02}(Nu.",  # a key without a value
        b"\x80\x02\xff.",
        b"\x80\x02X\xff\xff\xff\x7fab.",  # a text longer than all there is
        b"\x80\x02X\x01\x00\x00\x00\xff.",
        pickle.dumps({"a": 1}, 4),
        pickle.dumps({"a"}, 0),
    ],
)
def test_what_torch_does_not_write_is_one_line(data):
    with pytest.raises(InputError) as error:
        read_pickle(data)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("step", [b"\x85", b"]", b"}", b"N", b"(", b"Q", b"]\x94"])
def test_what_goes_on_and_on_ends(step):
    """Nested as deep as it can be, or more of anything than there is in a checkpoint."""
    data = b"\x80\x02N" + step * (4_000_000 // len(step)) + b"."
    tracemalloc.start()
    with pytest.raises(InputError):
        read_pickle(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * len(data)


def test_deep_nesting_is_let_go_of_again():
    value = read_pickle(b"\x80\x02N" + b"\x85" * 70_000 + b"Q.").value
    assert isinstance(value, External)
    with pytest.raises(InputError):  # as a key its hash would go as deep
        read_pickle(b"\x80\x02}N" + b"\x85" * 70_000 + b"Ns.")
