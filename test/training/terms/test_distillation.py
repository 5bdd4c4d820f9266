import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: requirements/train.txt")

from edgesr_ros.errors import InputError  # noqa: E402
from edgesr_ros.networks import create_network, find_spec  # noqa: E402
from edgesr_ros.training.taps import Taps  # noqa: E402
from edgesr_ros.training.terms import Batch, Setting  # noqa: E402
from edgesr_ros.training.terms.distillation import DistillationRecipe, DistillationTerm, affinity  # noqa: E402
from edgesr_ros.training.weights import BEST, Facts, save_network  # noqa: E402


def test_affinity_is_the_cosine_of_each_pair_of_positions():
    features = torch.randn(2, 5, 3, 4, generator=torch.Generator().manual_seed(0))
    a = affinity(features)
    assert a.shape == (2, 12, 12)
    first, second = features[1, :, 0, 2], features[1, :, 2, 3]
    expected = torch.nn.functional.cosine_similarity(first, second, dim=0)
    assert a[1, 2, 11].item() == pytest.approx(expected.item(), abs=1e-6)
    assert torch.allclose(affinity(7 * features), a, atol=1e-6)


def test_a_copy_of_the_teacher_has_nothing_to_learn_and_another_network_has():
    torch.manual_seed(0)
    teacher, other = create_network("edgesrgan", 2), create_network("edgesrgan_tiny", 2)
    copy = create_network("edgesrgan", 2)
    copy.load_state_dict(teacher.state_dict())
    low = 255 * torch.rand(1, 3, 6, 8)
    losses = []
    for student in (copy, other):
        term = DistillationTerm(student, teacher, output_weight=0.1)
        taps, output = Taps(student, term.features), student(low)
        losses.append(term(Batch(low, output, output, taps.take(), 0)))
    assert losses[0].item() == pytest.approx(0, abs=1e-6)
    assert losses[1].item() > 1e-3
    losses[1].backward()
    assert other.blocks[0].body[0].weight.grad.abs().sum() > 0
    assert all(parameter.grad is None for parameter in teacher.parameters())


def test_features_and_outputs_both_count():
    """The affinity behind the last blocks, and λ parts of the outputs."""
    torch.manual_seed(0)
    teacher, student = create_network("edgesrgan", 2), create_network("edgesrgan_tiny", 2)
    low = 255 * torch.rand(1, 3, 6, 8)
    heads = [network.head(low / 255) for network in (student, teacher)]
    behind = [network.blocks(head) for network, head in zip((student, teacher), heads, strict=True)]
    alike = (affinity(behind[0]) - affinity(behind[1])).abs().mean()
    outputs = (student(low) - teacher(low)).abs().mean() / 255
    for weight in (0.0, 0.1):
        term = DistillationTerm(student, teacher, output_weight=weight)
        taps, output = Taps(student, term.features), student(low)
        loss = term(Batch(low, output, output, taps.take(), 0))
        torch.testing.assert_close(loss, alike + weight * outputs)
    assert alike > 1e-3


def test_the_teacher_is_neither_trained_nor_saved():
    teacher, student = create_network("edgesrgan", 2), create_network("edgesrgan_tiny", 2)
    term = DistillationTerm(student, teacher, output_weight=0.1)
    assert list(term.parameters()) == []
    assert term.state_dict() == {}
    term.to(torch.float64)  # but it moves along
    assert teacher.trunk.weight.dtype == torch.float64


def test_a_teacher_of_another_scale_is_one_line(tmp_path):
    facts = Facts(spec=find_spec("edgesrgan", 4), recipe="teacher", degradation="bicubic", steps=1)
    save_network(tmp_path / "teacher" / BEST, create_network("edgesrgan", 4), facts)
    setting = Setting(create_network("edgesrgan_tiny", 2), 16, tmp_path)
    with pytest.raises(InputError, match=r"teacher: expected a network of scale 2, .* is of 4"):
        DistillationRecipe(teacher="teacher").make(setting)
