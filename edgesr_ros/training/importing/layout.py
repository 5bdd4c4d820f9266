"""How others name and shape the tensors of a network of ours, and the network with their values."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from edgesr_ros.errors import InputError
from edgesr_ros.networks import Network, Spec
from edgesr_ros.networks.spec import DIV2K_MEAN
from edgesr_ros.training.importing.tensors import Shape, Shapes, Tensors, shown

_NEAR = 1e-2  # grey levels, of constants that files hold


class Source(NamedTuple):
    """Which tensor of a file is one of ours."""

    name: str
    shape: Shape  # that it has there
    convert: Callable[[np.ndarray], np.ndarray] = lambda values: values  # to ours


class Layout(NamedTuple):
    """What the tensors of a network are in files of one kind.

    Attributes:
        network: its name among ours.
        home: where such files are published.
        describe: shapes of a file → the network that it would be, whatever of it is missing.
        sources: the network, shapes of our tensors → for each of them what it is in the file.
        unused: matches names of tensors that files hold and the network never uses.
        constants: tensors that files may hold, and that are part of our networks' code.
    """

    network: str
    home: str
    describe: Callable[[Shapes], Spec]
    sources: Callable[[Spec, Shapes], dict[str, Source]]
    unused: re.Pattern[str]
    constants: Mapping[str, np.ndarray] = {}

    def expected(self, spec: Spec) -> dict[str, Source]:
        """For each of our tensors what it is in a file; nothing is allocated for it."""
        with torch.device("meta"):
            network = spec.build()
        return self.sources(spec, {name: tuple(value.shape) for name, value in network.state_dict().items()})

    def found(self, shapes: Shapes) -> int:
        """How many tensors of a file are some of this network."""
        return sum(source.name in shapes for source in self.expected(self.describe(shapes)).values())

    def left_out(self, shapes: Shapes) -> list[str]:
        """The tensors of a file that play no part."""
        return [name for name in shapes if name in self.constants or self.unused.fullmatch(name)]

    def network_of(self, path: Path, tensors: Tensors) -> Network:
        """The network, for inference.

        Raises:
            InputError: a tensor is missing, unexpected or of another shape: the first is named.
        """
        spec = self.describe(tensors.shapes)
        expected = self.expected(spec)
        wrong = _difference(expected, tensors.shapes, self.left_out(tensors.shapes))
        for name, constant in self.constants.items():
            if not wrong and name in tensors.shapes:
                held = tensors.read(name)
                if held.shape != constant.shape or not np.allclose(held, constant, rtol=0, atol=_NEAR):
                    wrong = f"{name} is {held.ravel()[:3].tolist()} …, not the constant that it should be"
        if wrong:
            raise InputError(f"{path}: not {self.network} at scale {spec.scale}: {wrong}")
        # All is read, in the file's own memory where that can be, before a network of such a size is made.
        values = {name: source.convert(tensors.read(source.name)) for name, source in expected.items()}
        network = spec.build()
        for name, value in network.state_dict().items():
            value.copy_(torch.from_numpy(np.array(values[name])))
        return network.eval().requires_grad_(False)


def members(ours: str, theirs: str, names: Sequence[str] = ("0", "1", "2", "3")) -> dict[str, str]:
    """For `renamed`: the modules of a sequence, which we call by their numbers."""
    return {f"{ours}.{number}": f"{theirs}.{name}" for number, name in enumerate(names)}


def scale_of(shapes: Shapes, doublings: Sequence[str]) -> int:
    """2 for each doubling that a file has, 2 at least.

    Args:
        shapes: of the file.
        doublings: name of a tensor of each that there may be.
    """
    return 2 ** max(1, sum(name in shapes for name in doublings))


def shifts_of_colour() -> dict[str, np.ndarray]:
    """The mean colour, which is two 1x1 convolutions in files and a number in our code."""
    constants = {}
    for name, sign in (("sub_mean", -1), ("add_mean", 1)):
        constants[f"{name}.weight"] = np.eye(3, dtype=np.float32)[:, :, None, None]
        constants[f"{name}.bias"] = sign * 255 * np.array(DIV2K_MEAN, np.float32)
    return constants


def renamed(modules: Mapping[str, str], shapes: Shapes) -> dict[str, Source]:
    """Sources of tensors that only have another name.

    Args:
        modules: name of each of our modules that have tensors → its name in the file.
        shapes: of our tensors.
    """
    sources = {}
    for name, shape in shapes.items():
        module, _, leaf = name.rpartition(".")
        if module in modules:
            sources[name] = Source(f"{modules[module]}.{leaf}", shape)
    return sources


def _difference(expected: Mapping[str, Source], shapes: Shapes, left_out: list[str]) -> str | None:
    """Where a file has other tensors than expected."""
    for source in expected.values():
        if source.name not in shapes:
            return f"{source.name} is missing"
        if shapes[source.name] != source.shape:
            return f"{source.name} is {_text(shapes[source.name])}, expected {_text(source.shape)}"
    known = {source.name for source in expected.values()}.union(left_out)
    for name, shape in shapes.items():
        if name not in known:
            return f"{shown(name)} {_text(shape)} is unexpected"
    return None


def _text(shape: Shape) -> str:
    return "x".join(map(str, shape)) if shape else "a number"
