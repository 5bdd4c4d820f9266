"""TPSR's search space: what is published is a point of it, and every cell is a network like any other."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the networks are torch modules: requirements/train.txt")
pytest.importorskip("safetensors", reason="recipes read and write weights: requirements/train.txt")

import msgspec  # noqa: E402
from msgspec.structs import replace  # noqa: E402

from edgesr_ros.errors import InputError  # noqa: E402
from edgesr_ros.networks import AnySpec, count_parameters, find_spec, name_of, with_cell  # noqa: E402
from edgesr_ros.networks.cell import OPERATIONS, PUBLISHED, Cell  # noqa: E402
from edgesr_ros.networks.tpsr import TPSRSpec  # noqa: E402
from edgesr_ros.training.export_onnx import export_onnx  # noqa: E402
from edgesr_ros.training.inference import upscale  # noqa: E402
from edgesr_ros.training.recipe import Recipe  # noqa: E402
from edgesr_ros.training.steps.step import Run  # noqa: E402
from edgesr_ros.training.steps.train import Phase, Train  # noqa: E402

# The published nodes, in order, as the modules of TPSR.
NODES = ("stem.0", "stem.1", "stem.2", "side.0", "main.0", "main.1", "main.2", "side.1", "side.2", "skip")
CELL = "s3<-1 c1<0 c5<-1 s7<1 c3<1"  # each kind of operation; 2, 3 and 4 are added up


def noise(*shape):
    return 255 * torch.rand(shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("scale", [2, 4])
@torch.no_grad()
def test_the_published_cell_in_the_space_is_tpsr_to_the_last_bit(scale):
    torch.manual_seed(0)
    tpsr = find_spec("tpsr", scale).build()
    of_space = with_cell(tpsr.spec, PUBLISHED).build()
    renamed = {}
    for key, value in tpsr.state_dict().items():
        module = next((name for name in NODES if key.startswith(f"{name}.")), None)
        renamed[key.replace(module, f"nodes.{NODES.index(module)}", 1) if module else key] = value
    of_space.load_state_dict(renamed)
    for size in ((12, 16), (13, 19)):
        assert torch.equal(of_space(noise(2, 3, *size)), tpsr(noise(2, 3, *size)))
    assert of_space.spec.reach == tpsr.spec.reach


@torch.no_grad()
def test_nodes_read_what_the_text_says():
    network, x = TPSRSpec(features=4, cell=CELL).build(), noise(1, 3, 9, 8) - 128
    n, head = network.nodes, network.head(x)
    expected = n[2](head) + n[3](n[1](n[0](head))) + n[4](n[1](n[0](head)))
    torch.testing.assert_close(network.unit(x), network.up(network.merged(expected)))
    kernels = [layers[0].kernel_size[0] for layers in network.nodes]
    assert (kernels, [len(layers) for layers in network.nodes]) == ([3, 1, 5, 7, 3], [4, 2, 2, 4, 2])


@pytest.mark.parametrize("operation", OPERATIONS)
def test_parameters_of_a_node(operation):
    """f²k² + f + 1 of a convolution, f·k² + f² + f + 2 of a separable one."""
    few, more = (TPSRSpec(cell=cell).build() for cell in ("c1<-1", f"c1<-1 {operation}<0"))
    side = int(operation[1])
    of_node = 16 * side**2 + 256 + 18 if operation[0] == "s" else 256 * side**2 + 17
    assert count_parameters(more) - count_parameters(few) == of_node


def test_what_is_seen_reaches_as_far_as_it_says():
    spec = TPSRSpec(features=4, cell=CELL)
    picture = noise(1, 3, 41, 41).double().requires_grad_()
    torch.manual_seed(1)
    spec.build().double()(picture)[..., 80:84, 80:84].sum().backward()
    rows = picture.grad.abs().sum((0, 1, 3)).nonzero()[:, 0]
    assert max(20 - int(rows.min()), int(rows.max()) - 20) == spec.reach


def test_a_cell_is_exported_like_any_other_network(tmp_path):
    import onnxruntime

    torch.manual_seed(2)
    network = TPSRSpec(features=4, cell=CELL).build().eval()
    export_onnx(network, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    picture = np.random.default_rng(0).integers(0, 256, (23, 31, 3), np.uint8)
    (enlarged,) = session.run(None, {"picture": picture[None]})
    assert np.abs(enlarged[0].astype(int) - upscale(network, picture)).max() <= 1


def test_a_cell_travels_with_its_weights_and_its_absence_changes_no_record():
    spec = with_cell(TPSRSpec(), f"  {CELL} ")
    assert spec.cell == CELL
    assert msgspec.json.decode(msgspec.json.encode(spec), type=AnySpec) == spec
    assert name_of(spec) == "tpsr"
    assert "cell" not in msgspec.to_builtins(TPSRSpec())
    for landmark in spec.landmarks:
        spec.build().get_submodule(landmark)
    assert Cell.of_text(CELL).depths == (1, 2, 1, 3, 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected 1 to 64 nodes such as c3<-1, got 0"),
        ("c3<-1 " * 65, "expected 1 to 64 nodes such as c3<-1, got 65"),
        ("c3<0", r"node 0: expected one of c1, .*, < and a node from -1 \(the head\), got 'c3<0'"),
        ("c3<-1 s1<0", r"node 1: expected .* from -1 \(the head\) to 0, got 's1<0'"),
        ("c3<-1 c3<1", r"node 1: expected .* to 0, got 'c3<1'"),
    ],
)
def test_what_is_no_cell_is_one_line(text, message):
    with pytest.raises(InputError, match=f"cell: {message}"):
        replace(TPSRSpec(), cell=text).build()


def test_only_tpsr_has_a_cell():
    with pytest.raises(InputError, match="cell: only tpsr has one, not edgesrgan"):
        with_cell(find_spec("edgesrgan", 4), PUBLISHED)


def test_a_recipe_may_have_a_cell(tmp_path):
    steps = (Train(schedule=(Phase(steps=1, learning_rate=1e-3),)),)
    recipe = Recipe(network="tpsr", scale=2, cell=CELL, steps=steps)
    assert Run("mine", recipe, tmp_path, tmp_path).spec == TPSRSpec(scale=2, cell=CELL)
