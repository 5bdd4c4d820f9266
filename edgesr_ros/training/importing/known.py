"""Which layouts there are, and whose a published file is."""

from typing import NamedTuple

from edgesr_ros.errors import InputError
from edgesr_ros.training.importing import edgesrgan, f2srgan, swiftsrgan, tpsr
from edgesr_ros.training.importing.layout import Layout
from edgesr_ros.training.importing.tensors import Shapes, shown
from edgesr_ros.training.weights import NOT_STATED

LAYOUTS = (tpsr.LAYOUT, swiftsrgan.LAYOUT, f2srgan.LAYOUT, f2srgan.STUDENT, edgesrgan.LAYOUT)


class Publisher(NamedTuple):
    """Where files are published, and under which licence."""

    home: str
    licence: str


_PUBLISHERS = {
    "TPSR": Publisher("github.com/royson/tpsr", NOT_STATED),
    "Swift": Publisher("github.com/Koushik0901/Swift-SRGAN", "CC0-1.0"),
    "F2": Publisher("github.com/bibom108/F2SRGAN", NOT_STATED),
    "Light": Publisher("github.com/khanhhungvu1508/Light-F2SRGAN", NOT_STATED),
}
_FILES = {  # sha256 → publisher
    "bf86676b483cad500369cbc112a02149e68bc4e275fbd6fb3de8fd1a2af23bfc": "TPSR",  # TPSR_D2X4.pt
    "bcf2a9cfa886585e062995644f7da06f519a53c8aeb0b6b47d5f6a45bbb5dbc1": "TPSR",  # TPSR_ESRGANX4.pt
    "2951ceca75f792056cdbac1159ee8d927d2bd353c4fd7e674290cfd368327ab7": "TPSR",  # TPSR_NOGANX4.pt
    "b57a94a2be1e84eded4059aabce31e768a0c1e43887a14d457a586f3b1fcd877": "Swift",  # swift_srgan_2x.pth.tar
    "f741441dccb163c394afe095f76a5ca4a85732e699032732dc29320a900a609e": "Swift",  # swift_srgan_4x.pth.tar
    "1197fb6c37680574b017a6909a7b8f1158687c162fa74c630f90e62b8dd34418": "F2",  # F2SRGAN_2x.pt
    "0119b8996e7faf407a40fc19beaa9250b196393b6ed22166127200d350556708": "F2",  # F2SRGAN_4x.pt
    "ea0e2aaf9e169df99d3151fa0cc8df1536181b438b06382e4b3a74823136bddb": "Light",  # F2SRGAN_4x_QAT.pth.tar
    "293694f220a3147784fe9483c8ddbc8bcc6e2c7a3c3c2d2f0df839eda54aae50": "Light",  # F2SRGAN_4x_student.pt
    "27bce592d2608fb61a133d61fb889aa741dc66ec982a34679da28c4f61e377e9": "Light",  # LightF2SRGAN_x4.pt
}


def publisher(sha256: str) -> Publisher | None:
    """Of a file; None: it is none of those that are known."""
    return _PUBLISHERS[_FILES[sha256]] if sha256 in _FILES else None


def find_layout(shapes: Shapes, network: str | None) -> Layout:
    """Of a file's tensors.

    Args:
        shapes: of the file.
        network: that it has to be of; None: the one that it has most tensors of.

    Raises:
        InputError: unknown network, or none that is known has tensors of such names.
    """
    layouts = {layout.network: layout for layout in LAYOUTS}
    if network is not None:
        if network not in layouts:
            raise InputError(f"--network: expected one of {', '.join(layouts)}, got {network!r}")
        return layouts[network]
    found = {name: layout.found(shapes) for name, layout in layouts.items()}
    nearest = max(found, key=lambda name: found[name])
    if not found[nearest]:
        first = next(iter(shapes))
        raise InputError(
            f"of no network that is known: the first tensor is {shown(first)} "
            f"{'x'.join(map(str, shapes[first]))}; expected one of {', '.join(layouts)}"
        )
    return layouts[nearest]
