"""What a user would pick instead of our networks, to be measured on the same runtime.

Their weights are random, which take as long as trained ones: the speed means something, the pictures do not.
"""

from pathlib import Path
from typing import NamedTuple

from edgesr_ros.errors import InputError
from edgesr_ros.upscaling.card import ModelCard, card_path, file_sha256, read_card, write_card
from edgesr_ros.upscaling.onnx_runtime import OnnxUpscaler

SCALE = 4
_SEED = 0
PEERS = ("srgan", "swiftsrgan", "tpsr", "esrgan", "animevideov3")  # as `edgesr_ros.networks` names them


class Peer(NamedTuple):
    """A network as an ONNX model like ours: uint8 RGB (1, H, W, 3) in and out, any size."""

    name: str
    path: Path
    scale: int
    parameters: int
    macs_per_pixel: int  # multiply-accumulates for each pixel of the small picture


def peers(folder: Path) -> list[Peer]:
    """All of `PEERS`, exported into the folder unless they are there already.

    Raises:
        InputError: one is not there and PyTorch is missing; a file in the folder is not that of its card.
    """
    cards = {path: read_card(path) for path in (_exported(name, folder) for name in PEERS)}
    return [
        Peer(card.network, path, card.scale, card.parameters, card.macs_per_pixel)
        for path, card in cards.items()
    ]


def load_peer(name: str, folder: Path, threads: int) -> OnnxUpscaler:
    """One of `PEERS`, run once; PyTorch is needed only where `peers` has not exported it into the folder.

    Raises:
        InputError: unknown name, or as `peers`.
    """
    if name not in PEERS:
        raise InputError(f"peer: expected one of {', '.join(PEERS)}, got {name!r}")
    path = _exported(name, folder)
    return OnnxUpscaler(path, read_card(path), threads)


def peer_card(path: Path, network: str, parameters: int, macs_per_pixel: int) -> ModelCard:
    """The card of a peer's float32 ONNX file, of which we know nothing more than how much it computes."""
    return ModelCard(
        name=path.stem,
        network=network,
        scale=SCALE,
        parameters=parameters,
        macs_per_pixel=macs_per_pixel,
        format="onnx",
        precision="float32",
        input_size=None,
        input_range=(0.0, 255.0),
        output_range=(0.0, 255.0),
        colour_order="RGB",
        training_degradation="none",
        training_data="none",
        recipe="none",
        steps=0,
        figures={},
        licence="Apache-2.0",
        limits="For measuring speed only.",
        sha256=file_sha256(path),
    )


def _exported(name: str, folder: Path) -> Path:
    path = folder / f"{name}_x{SCALE}.onnx"
    if not card_path(path).is_file():  # it is written last
        _export(name, path)
    return path


def _export(name: str, path: Path) -> None:
    try:
        import torch
    except ImportError:
        raise InputError(
            f"{path}: not there yet, and PyTorch, which writes it, is not installed "
            "(pip install -r requirements/train.txt)"
        ) from None
    from edgesr_ros.networks import count_parameters, create_network
    from edgesr_ros.training.export_onnx import export_onnx
    from edgesr_ros.training.macs import macs_per_pixel

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        network = create_network(name, SCALE).eval()  # so that batch norms become part of the convolutions
    path.parent.mkdir(parents=True, exist_ok=True)
    export_onnx(network, path)
    write_card(path, peer_card(path, name, count_parameters(network), macs_per_pixel(network)))
