"""Terms that compare where two networks of any kind are active: AT and AFD."""

import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: requirements/train.txt")

from msgspec.structs import replace  # noqa: E402

from edgesr_ros.errors import InputError  # noqa: E402
from edgesr_ros.networks import NETWORKS  # noqa: E402
from edgesr_ros.training.taps import Taps  # noqa: E402
from edgesr_ros.training.terms import Batch  # noqa: E402
from edgesr_ros.training.terms.attention_feature_distillation import (  # noqa: E402
    AttentionFeatureDistillationTerm,
)
from edgesr_ros.training.terms.attention_transfer import AttentionTransferTerm  # noqa: E402
from edgesr_ros.training.terms.imitation import ImitationTerm  # noqa: E402
from edgesr_ros.training.terms.teacher import attention, places  # noqa: E402

F2SRGAN = replace(NETWORKS["f2srgan"], features=16, blocks=4, scale=2)
STUDENT = replace(NETWORKS["f2srgan_student"], features=8, blocks=4, order=(0, 1, 2, 3, 2, 3), scale=2)
TPSR = replace(NETWORKS["tpsr"], scale=2)


def build(spec, seed=0):
    torch.manual_seed(seed)
    return spec.build()


def batch_of(student, term, low):
    taps, output = Taps(student, term.features), student(low)
    return Batch(low, output.detach(), output, taps.take(), 0)


def pictures(count=3):
    return 255 * torch.rand(count, 3, 6, 8, generator=torch.Generator().manual_seed(1))


def test_networks_are_compared_after_each_part_of_their_blocks():
    assert places(F2SRGAN, 4) == ("blocks.0", "blocks.1", "blocks.2", "blocks.3")
    assert places(NETWORKS["edgesrgan"], 4) == ("blocks.1", "blocks.3", "blocks.5", "blocks.7")
    assert places(NETWORKS["edgesrgan"], 2) == ("blocks.3", "blocks.7")
    assert places(TPSR, 4) == ("stem.0", "stem.1", "stem.2", "merged")
    assert places(replace(STUDENT, blocks=2, order=None), 4) == (
        "blocks.0",
        "blocks.0",
        "blocks.1",
        "blocks.1",
    )


def test_attention_is_the_energy_of_each_place():
    features = torch.randn(2, 5, 3, 4, generator=torch.Generator().manual_seed(0))
    energy = (features[1] ** 2).sum(0).flatten()
    torch.testing.assert_close(attention(features)[1], energy / (energy**2).sum().sqrt())


@pytest.mark.parametrize(("student", "teacher"), [(STUDENT, F2SRGAN), (TPSR, STUDENT)])
def test_attention_transfer_is_half_the_distance_at_each_place(student, teacher):
    """½ Σ_j ‖Q_S/‖Q_S‖₂ - Q_T/‖Q_T‖₂‖₂, written out."""
    student, teacher = build(student), build(teacher, seed=1).eval()
    term = AttentionTransferTerm(student, teacher, count=4)
    batch = batch_of(student, term, pictures())
    seen = Taps(teacher, places(teacher.spec, 4))
    loss = term(batch)
    shown, expected = seen.take(), 0.0
    for mine, its in zip(term.features, places(teacher.spec, 4), strict=True):
        for picture in range(3):
            q = (batch.features[mine][picture] ** 2).sum(0).flatten()
            t = (shown[its][picture] ** 2).sum(0).flatten()
            expected += 0.5 * ((q / q.norm() - t / t.norm()) ** 2).sum().sqrt() / 3
    torch.testing.assert_close(loss, expected)
    loss.backward()
    assert all(parameter.grad is None for parameter in teacher.parameters())
    assert any(parameter.grad is not None and parameter.grad.any() for parameter in student.parameters())


def test_of_a_copy_there_is_nothing_to_learn():
    student = build(STUDENT)
    for term in (AttentionTransferTerm(student, build(STUDENT), 2), ImitationTerm(build(STUDENT))):
        loss = term(batch_of(student, term, pictures()))
        assert loss.item() == pytest.approx(0, abs=1e-6)
        loss.backward()
        assert all(torch.isfinite(p.grad).all() for p in student.parameters() if p.grad is not None)


def test_attention_feature_distillation_weighs_all_pairs():
    student, teacher = build(STUDENT), build(F2SRGAN, seed=1)
    term = AttentionFeatureDistillationTerm(student, teacher, count=4, dimensions=16)
    batch = batch_of(student, term, pictures())
    seen = Taps(teacher, places(teacher.spec, 4))
    loss = term(batch)
    shown = seen.take()
    taught = [shown[name] for name in places(teacher.spec, 4)]
    learned = [batch.features[name] for name in term.features]
    alpha = term.matching(taught, learned)
    assert alpha.shape == (3, 4, 4)
    torch.testing.assert_close(alpha.sum(2), torch.ones(3, 4))
    expected = 0.0
    for n in range(3):
        for t in range(4):
            for s in range(4):
                apart = (attention(taught[t])[n] - attention(learned[s])[n]) ** 2
                expected += alpha[n, t, s] * apart.mean() / 3
    torch.testing.assert_close(loss, expected)


def test_which_layer_teaches_which_is_learned_along():
    """The published code never gives these to an optimizer."""
    student, teacher = build(TPSR), build(STUDENT, seed=1)
    term = AttentionFeatureDistillationTerm(student, teacher, count=2, dimensions=8)
    term(batch_of(student, term, pictures())).backward()
    learned = dict(term.named_parameters())
    assert {name.partition(".")[0] for name in learned} == {
        "queries",
        "keys",
        "teacher_codes",
        "student_codes",
    }
    # A bias in front of batch norm is taken off again.
    assert all(value.grad.abs().max() > 0 for name, value in learned.items() if value.ndim > 1)
    assert all(parameter.grad is None for parameter in teacher.parameters())
    assert "teacher_codes" in term.state_dict()


def test_a_batch_of_one_is_one_line():
    student = build(STUDENT)
    term = AttentionFeatureDistillationTerm(student, build(F2SRGAN), count=4)
    with pytest.raises(InputError, match="needs a batch of 2 or more"):
        term(batch_of(student, term, pictures(1)))
