import sys

import numpy as np
import pytest

from benchmarks.peers import exported
from benchmarks.peers.exported import PEERS, SCALE, load_peer, peers
from edgesr_ros.errors import InputError

QUICK = tuple(name for name in PEERS if name != "esrgan")  # 67 MB


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """With the exported peers, but for the largest."""
    pytest.importorskip("torch", reason="writes the peers: requirements/train.txt")
    path = tmp_path_factory.mktemp("peers") / "new"
    for name in QUICK:
        load_peer(name, path, threads=1).close()
    return path


@pytest.fixture
def without_torch(monkeypatch):
    """As where PyTorch is not installed."""
    monkeypatch.setitem(sys.modules, "torch", None)


def test_all_of_them(folder, monkeypatch):
    monkeypatch.setattr(exported, "PEERS", QUICK)
    found = {peer.name: peer for peer in peers(folder)}
    assert tuple(found) == QUICK
    assert {path.name for path in folder.iterdir()} == {
        file for name in QUICK for file in (f"{name}_x4.onnx", f"{name}_x4.onnx.json")
    }
    assert all(peer.path == folder / f"{name}_x4.onnx" for name, peer in found.items())
    assert {peer.scale for peer in found.values()} == {SCALE}
    assert (found["tpsr"].parameters, found["tpsr"].macs_per_pixel) == (61_097, 61_856)


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.usefixtures("without_torch")
def test_runs_without_torch_once_it_is_there(folder, name):
    upscaler = load_peer(name, folder, threads=2)
    assert (upscaler.name, upscaler.scale, upscaler.backend) == (f"{name}_x4", SCALE, "onnxruntime")
    noise = np.random.default_rng(0).integers(0, 256, (10, 14, 3), np.uint8)
    assert upscaler.upscale(noise).shape == (40, 56, 3)
    upscaler.close()


def test_what_is_there_is_used_again(folder):
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    load_peer("tpsr", folder, threads=1).close()
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_the_same_weights_every_time_and_none_of_the_callers_randomness(folder, tmp_path):
    import torch

    state = torch.random.get_rng_state()
    load_peer("tpsr", tmp_path, threads=1).close()
    assert torch.equal(torch.random.get_rng_state(), state)
    assert (tmp_path / "tpsr_x4.onnx").read_bytes() == (folder / "tpsr_x4.onnx").read_bytes()


@pytest.mark.slow
def test_esrgan(tmp_path):
    pytest.importorskip("torch", reason="writes the peers: requirements/train.txt")
    upscaler = load_peer("esrgan", tmp_path, threads=2)
    assert upscaler.parameters == 16_697_987
    assert upscaler.upscale(np.zeros((5, 6, 3), np.uint8)).shape == (20, 24, 3)


@pytest.mark.usefixtures("without_torch")
def test_without_torch_a_missing_one_is_one_line(tmp_path):
    with pytest.raises(InputError, match=r"srgan_x4.onnx: not there yet, and PyTorch.*train\.txt") as error:
        peers(tmp_path)
    assert "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())


def test_an_unknown_name_is_one_line(tmp_path):
    with pytest.raises(InputError, match=r"peer: expected one of srgan, .*animevideov3, got 'swinir'"):
        load_peer("swinir", tmp_path, threads=1)


def test_a_damaged_file_is_refused(folder, tmp_path):
    for path in folder.glob("tpsr*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "tpsr_x4.onnx").write_bytes(b"half")
    with pytest.raises(InputError, match=r"tpsr_x4\.onnx: not the file of its card"):
        load_peer("tpsr", tmp_path, threads=1)
