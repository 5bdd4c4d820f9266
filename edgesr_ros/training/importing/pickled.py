"""Pickles as plain data: what they name is never imported, what they would call is never called.

Python's own unpickler runs what a file asks for. This one knows the operations that `torch.save` writes and
makes dicts, lists, tuples, texts and numbers of them; a class or a function stays the name that it is, and a
call stays a note of what was to be called, and with what.
"""

import io
import pickletools
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from edgesr_ros.errors import InputError
from edgesr_ros.training.importing.tensors import shown

_MOST = 80_000  # operations of one pickle, 8 MB of objects at worst; the largest known checkpoint has 41,000
LONGEST = 1 << 20  # bytes; the same one has 134,655

_DICT = "collections.OrderedDict"  # is made of nothing, and filled by operations of its own


@dataclass(slots=True)
class Name:
    """A class or a function that a pickle names, `module.name`."""

    text: str


@dataclass(slots=True)
class Call:
    """What a pickle would call, and with what; or a class, and what a new object of it would be given."""

    what: object
    arguments: object


@dataclass(slots=True)
class External:
    """What a pickle leaves to its reader to find: `torch.save` puts the numbers of tensors elsewhere."""

    key: object


@dataclass(slots=True)
class Pickled:
    """What a pickle holds.

    Attributes:
        value: all of it, as plain data.
        names: of all classes and functions that it names, `module.name`.
        external: all that it leaves to its reader to find.
        length: of the pickle in bytes.
    """

    value: object
    names: set[str]
    external: list[External]
    length: int


def read_pickle(data: bytes | memoryview) -> Pickled:
    """The pickle at the beginning of some bytes; no more than `LONGEST` of them are looked at.

    Raises:
        InputError: it is none, or has an operation that `torch.save` does not write, or more than
            `_MOST` of them.
    """
    stream, machine = io.BytesIO(data[:LONGEST]), _Machine()
    try:
        _run(stream, machine)
        (value,) = machine.stack
    except InputError:
        raise
    # Operations find another stack than they need: it is not what a pickler wrote.
    except (ValueError, TypeError, IndexError, KeyError, AttributeError) as error:
        raise InputError(f"no whole pickle ({shown(str(error))})") from None
    return Pickled(value, machine.names, machine.external, stream.tell())


def _run(stream: io.BytesIO, machine: "_Machine") -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of escapes in names
        for number, (operation, argument, _) in enumerate(pickletools.genops(stream)):
            if operation.name == "STOP":
                break
            if number == _MOST:
                raise InputError(f"more than {_MOST:,} operations")
            if operation.name not in _OPERATIONS:
                raise InputError(f"{operation.name}, which torch.save does not write")
            _OPERATIONS[operation.name](machine, argument)


@dataclass(slots=True)
class _Machine:
    """What an unpickler works on."""

    stack: list[Any] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)  # heights of the stack
    memo: dict[int, Any] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    external: list[External] = field(default_factory=list)

    def push(self, value: object) -> None:
        self.stack.append(value)

    def tuple_of(self, count: int) -> None:
        """The last so many values as one."""
        if len(self.stack) < count:
            raise IndexError("a tuple of more than there is")
        self.stack[-count:] = [tuple(self.stack[-count:])]

    def since_mark(self) -> list[Any]:
        """The values above the last mark, taken off."""
        height = self.marks.pop()
        values = self.stack[height:]
        del self.stack[height:]
        return values

    def store(self, pairs: list[Any]) -> None:
        """Put keys and values, in turn, into the dict below them."""
        target = self.stack[-1]
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            # Of texts and numbers alone: the hash of what is nested deeply enough is a crash.
            if type(target) is not dict or type(key) not in (str, int):
                raise TypeError(f"{type(key).__name__} as a key of {type(target).__name__}")
            target[key] = value

    def extend(self, values: list[Any]) -> None:
        """Put values at the end of the list below them."""
        if type(self.stack[-1]) is not list:
            raise TypeError("no list to append to")
        self.stack[-1].extend(values)

    def name(self, argument: str) -> None:
        text = argument.replace(" ", ".", 1)
        self.names.add(text)
        self.push(Name(text))

    def find(self, _: object) -> None:
        self.stack[-1] = External(self.stack[-1])
        self.external.append(self.stack[-1])

    def call(self, _: object) -> None:
        arguments, what = self.stack.pop(), self.stack.pop()
        empty = isinstance(what, Name) and what.text == _DICT and arguments == ()
        self.push({} if empty else Call(what, arguments))


def _take(machine: _Machine) -> Any:
    return machine.stack.pop()


# What they are, `pickletools` tells; protocol 2, which torch.save writes, has others that it does not need.
_OPERATIONS: dict[str, Callable[[_Machine, Any], object]] = {
    "PROTO": lambda *_: None,
    "MARK": lambda machine, _: machine.marks.append(len(machine.stack)),
    "NONE": lambda machine, _: machine.push(None),
    "NEWTRUE": lambda machine, _: machine.push(True),
    "NEWFALSE": lambda machine, _: machine.push(False),
    **dict.fromkeys(
        ("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE"),
        lambda machine, argument: machine.push(argument),
    ),
    "EMPTY_TUPLE": lambda machine, _: machine.push(()),
    "EMPTY_LIST": lambda machine, _: machine.push([]),
    "EMPTY_DICT": lambda machine, _: machine.push({}),
    "TUPLE": lambda machine, _: machine.push(tuple(machine.since_mark())),
    "TUPLE1": lambda machine, _: machine.tuple_of(1),
    "TUPLE2": lambda machine, _: machine.tuple_of(2),
    "TUPLE3": lambda machine, _: machine.tuple_of(3),
    "APPEND": lambda machine, _: machine.extend([_take(machine)]),
    "APPENDS": lambda machine, _: machine.extend(machine.since_mark()),
    "SETITEM": lambda machine, _: machine.store([*reversed((_take(machine), _take(machine)))]),
    "SETITEMS": lambda machine, _: machine.store(machine.since_mark()),
    **dict.fromkeys(
        ("BINPUT", "LONG_BINPUT"),
        lambda machine, argument: machine.memo.__setitem__(argument, machine.stack[-1]),
    ),
    **dict.fromkeys(
        ("BINGET", "LONG_BINGET"), lambda machine, argument: machine.push(machine.memo[argument])
    ),
    "BINPERSID": _Machine.find,
    "GLOBAL": _Machine.name,
    "REDUCE": _Machine.call,
    "NEWOBJ": _Machine.call,
    "BUILD": lambda machine, _: _take(machine),  # an object's inner state, of objects that are none here
}
