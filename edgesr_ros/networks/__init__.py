"""The networks as torch modules, by the names that recipes and exported files use."""

from typing import TYPE_CHECKING, TypeAlias, Union

from msgspec.structs import replace
from torch import nn

from edgesr_ros.errors import InputError
from edgesr_ros.networks.cell import Cell
from edgesr_ros.networks.edgesrgan import EdgeSRGANSpec
from edgesr_ros.networks.f2srgan import F2SRGANSpec
from edgesr_ros.networks.rrdb import RRDBNetSpec
from edgesr_ros.networks.spec import Network, Spec
from edgesr_ros.networks.srgan import SRGANSpec
from edgesr_ros.networks.srvgg import SRVGGNetSpec
from edgesr_ros.networks.swiftsrgan import SwiftSRGANSpec
from edgesr_ros.networks.tpsr import TPSRSpec

# A name is the name of a description.
NETWORKS: dict[str, Spec] = {
    "edgesrgan": EdgeSRGANSpec(),
    "edgesrgan_tiny": EdgeSRGANSpec(blocks=4, features=32),
    "srgan": SRGANSpec(),
    "swiftsrgan": SwiftSRGANSpec(),
    "tpsr": TPSRSpec(),
    "f2srgan": F2SRGANSpec(),
    "f2srgan_student": F2SRGANSpec(blocks=8, fourier=False),
    "esrgan": RRDBNetSpec(),
    "animevideov3": SRVGGNetSpec(),
}

# What can stand in a file: one of the families, told apart by its tag.
if TYPE_CHECKING:
    AnySpec: TypeAlias = Spec
else:
    AnySpec = Union[tuple({type(spec) for spec in NETWORKS.values()})]  # noqa: UP007 - not known before


def find_spec(name: str, scale: int) -> Spec:
    """The description of that name, at a scale that may be none of the family's.

    Raises:
        InputError: unknown name.
    """
    if name not in NETWORKS:
        raise InputError(f"network: expected one of {sorted(NETWORKS)}, got {name!r}")
    return replace(NETWORKS[name], scale=scale)


def with_cell(spec: Spec, cell: str) -> Spec:
    """A description with another cell of TPSR's search space.

    Args:
        spec: of a network that has one.
        cell: as `Cell.of_text` reads it.

    Raises:
        InputError: the text is no cell, or the network has none.
    """
    if not isinstance(spec, TPSRSpec):
        raise InputError(f"cell: only tpsr has one, not {name_of(spec)}")
    return replace(spec, cell=Cell.of_text(cell).text)


def name_of(spec: Spec) -> str:
    """What a description is called; that of its family where its numbers are its own."""
    names = (name for name, known in NETWORKS.items() if replace(known, scale=spec.scale) == spec)
    return next(names, str(spec.__struct_config__.tag))


def create_network(name: str, scale: int = 4) -> Network:
    """A freshly initialised network.

    Raises:
        InputError: unknown name or unsupported scale.
    """
    return find_spec(name, scale).build()


def count_parameters(network: nn.Module) -> int:
    """Number of trainable values."""
    return sum(p.numel() for p in network.parameters())
