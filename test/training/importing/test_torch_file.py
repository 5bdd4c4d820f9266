"""PyTorch's files are read exactly, and damaged or hostile ones end in a line."""

import os
import tracemalloc
import zipfile

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="writes checkpoints: requirements/train.txt")

from edgesr_ros.errors import InputError  # noqa: E402
from edgesr_ros.training.importing.torch_file import TorchFile  # noqa: E402

_MUTATED = 10_000


class Evil:
    """What a file may hold instead of a tensor, or beside them."""

    def __init__(self, path):
        self._path = path

    def __reduce__(self):
        return os.system, (f"touch {self._path}",)


def small_state():
    numbers = np.random.default_rng(1)
    return {
        "head.weight": torch.from_numpy(numbers.standard_normal((4, 3, 3, 3)).astype(np.float32)),
        "head.bias": torch.from_numpy(numbers.standard_normal(4).astype(np.float32)),
        "bn.num_batches_tracked": torch.tensor(7),
    }


@pytest.mark.parametrize("older", [False, True])
@pytest.mark.parametrize("name", ["tpsr_x4", "swiftsrgan_x2"])
def test_tensors_are_what_torch_reads(checkpoint, state, name, older):
    file = TorchFile(checkpoint(name, older, opti={"state": {0: {"exp_avg": torch.ones(3).half()}}}))
    expected = state(name)
    assert list(file.shapes) == list(expected)
    assert not file.names
    for key, value in expected.items():
        assert file.shapes[key] == tuple(value.shape)
        np.testing.assert_array_equal(file.read(key), value.numpy())


@pytest.mark.parametrize("older", [False, True])
def test_views_and_parameters_are_tensors_too(tmp_path, older):
    whole = torch.arange(24.0).reshape(2, 3, 4)
    held = {"turned": whole.transpose(0, 2), "part": whole[1, 1:], "trained": torch.nn.Parameter(whole)}
    torch.save(held, tmp_path / "views.pt", _use_new_zipfile_serialization=not older)
    file = TorchFile(tmp_path / "views.pt")
    for key, value in held.items():
        np.testing.assert_array_equal(file.read(key), value.detach().numpy())


@pytest.mark.parametrize("older", [False, True])
def test_a_module_that_was_saved_whole_is_not_made(tmp_path, older):
    """As one author's file holds it: beside its tensors."""
    held = {"deploy": torch.nn.PReLU(), "evil": Evil(tmp_path / "touched"), "model": small_state()}
    torch.save(held, tmp_path / "whole.pt", _use_new_zipfile_serialization=not older)
    file = TorchFile(tmp_path / "whole.pt")
    assert list(file.shapes) == list(small_state())
    assert {"posix.system", "torch.nn.modules.activation.PReLU"} <= set(file.names)
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize("older", [False, True])
@pytest.mark.parametrize("where", ["all", "model", "tensor", "key"])
def test_a_command_is_never_run(tmp_path, older, where):
    evil = Evil(tmp_path / "touched")
    held = {
        "all": evil,
        "model": {"model": evil},
        "tensor": {"model": {**small_state(), "head.bias": evil}},
        "key": {"model": {**small_state(), evil: torch.ones(2)}},
    }[where]
    torch.save(held, tmp_path / "evil.pt", _use_new_zipfile_serialization=not older)
    with pytest.raises(InputError) as error:
        TorchFile(tmp_path / "evil.pt")
    assert len(str(error.value).splitlines()) == 1
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize(
    ("held", "reason"),
    [
        ([1, 2], "no state dict: expected tensors by name, or 'model' with them, got something else"),
        ({"epoch": 3, "best": 0.5}, "no state dict: expected .* got epoch, best"),
        ({"model": {"a": torch.ones(2), "b": 3}}, "b is no tensor"),
        ({"a": torch.ones(2), 3: torch.ones(2)}, "3 is no tensor"),
        ({"a": torch.ones(2, dtype=torch.float64)}, "a is Double, expected Float"),
        ({"a": torch.ones(2, dtype=torch.bfloat16)}, "a is BFloat16, expected Float"),
        ({"a": torch.tensor([1.0, float("nan")])}, "a: not all of its numbers are finite"),
        ({"a": torch.ones(1).expand(1000)}, "a is no tensor, or not all of one"),
        ({"a": (big := torch.ones(4000)), "b": big, "c": big}, "larger than the file"),
        ({"a": torch.ones(2).to_sparse()}, "a is no tensor"),
    ],
)
@pytest.mark.parametrize("older", [False, True])
def test_what_is_no_network_is_one_line(tmp_path, held, reason, older):
    torch.save(held, tmp_path / "odd.pt", _use_new_zipfile_serialization=not older)
    with pytest.raises(InputError, match=rf"^{tmp_path}/odd\.pt: .*{reason}") as error:
        file = TorchFile(tmp_path / "odd.pt")
        for name in file.shapes:
            file.read(name)
    assert len(str(error.value).splitlines()) == 1


def test_a_zip_of_something_else_is_one_line(tmp_path):
    empty = b"\x80\x02}." * 99
    for name, content, way in [("a.txt", b"hello", 0), ("x/data.pkl", empty, zipfile.ZIP_DEFLATED)]:
        with zipfile.ZipFile(tmp_path / "other.pt", "w", way) as file:
            file.writestr(name, content)
        with pytest.raises(InputError, match="not a PyTorch checkpoint, or not all of one"):
            TorchFile(tmp_path / "other.pt")


def test_a_zip_of_very_many_files_is_not_even_listed(tmp_path):
    with zipfile.ZipFile(tmp_path / "many.pt", "w") as file:
        for number in range(6000):
            file.writestr(str(number), b"")
    with pytest.raises(InputError, match="too many things in it"):
        TorchFile(tmp_path / "many.pt")


@pytest.mark.parametrize("older", [False, True])
def test_a_cut_file_is_one_line(tmp_path, older):
    torch.save({"model": small_state()}, tmp_path / "whole.pt", _use_new_zipfile_serialization=not older)
    whole = (tmp_path / "whole.pt").read_bytes()
    for length in range(0, len(whole), 13):
        (tmp_path / "cut.pt").write_bytes(whole[:length])
        with pytest.raises(InputError) as error:
            TorchFile(tmp_path / "cut.pt")
        assert len(str(error.value).splitlines()) == 1


def mutated(whole: bytes, rng: np.random.Generator) -> bytes:
    """Another file: some bytes changed, a part doubled, left out or moved, or its end cut off."""
    data = bytearray(whole)
    for _ in range(rng.integers(1, 5)):
        place = int(rng.integers(len(data)))
        length = int(rng.integers(1, 40))
        match rng.integers(6):
            case 0 | 1:
                data[place] = rng.integers(256)
            case 2:
                data[place : place + 8] = rng.bytes(8)
            case 3:
                data[place:place] = data[place : place + length]
            case 4:
                del data[place : place + length]
            case _:
                data[place : place + 4] = rng.choice([b"\xff\xff\xff\x7f", b"\0\0\0\0", b"\xff\xff\xff\xff"])
    return bytes(data[: rng.integers(len(data))] if rng.integers(10) == 0 else data)


def test_mutated_files_are_read_or_end_in_a_line(tmp_path, monkeypatch):
    """Ten thousand of them: nothing else is raised, nothing runs, and none takes more than twice its size."""
    path, rng, ends = tmp_path / "mutated.pt", np.random.default_rng(16), {"read": 0, "line": 0}
    originals = []
    for older in (False, True):
        held = {"model": small_state(), "opti": Evil(tmp_path / "touched")}
        torch.save(held, path, _use_new_zipfile_serialization=not older)
        originals.append(path.read_bytes())
    monkeypatch.setattr(os, "system", lambda command: pytest.fail(f"ran {command}"))
    for number in range(_MUTATED):
        data = mutated(originals[number % 2], rng)
        path.write_bytes(data)
        watched = number % 100 < 2  # which takes its time
        if watched:
            tracemalloc.start()
        try:
            file = TorchFile(path)
            for name, shape in file.shapes.items():
                assert file.read(name).shape == shape
            ends["read"] += 1
        except InputError as error:
            assert len(str(error).splitlines()) == 1, number
            ends["line"] += 1
        finally:
            if watched:
                _, peak = tracemalloc.get_traced_memory()
                tracemalloc.stop()
        # A file this small is smaller than what any reading of it takes: 100 kB are free.
        assert not watched or peak < 2 * len(data) + 100_000, number
    assert not (tmp_path / "touched").exists()
    assert min(ends.values()) > _MUTATED // 50, ends
