import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: requirements/train.txt")

from edgesr_ros.networks import create_network  # noqa: E402
from edgesr_ros.training.taps import Taps  # noqa: E402
from edgesr_ros.training.terms import Batch  # noqa: E402
from edgesr_ros.training.terms.distillation import DistillationTerm, affinity  # noqa: E402


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
