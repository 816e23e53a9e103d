import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from synctva.output import Output
from synctva.recipe import LossRecipe
from synctva.training.loss import EmotionLoss, distillation, supervised_contrast

EMOTIONS = ("joy", "fear", "anger")
COUNTS = {"anger": 30, "joy": 60, "fear": 10}
STRATEGIES = ("none", "class_balanced", "focal", "logit_adjustment")


def loss_with(counts: Mapping[str, int] = COUNTS, **settings: Any) -> EmotionLoss:
    plain = {"unimodal": 0.0, "distillation": 0.0}
    return EmotionLoss(EMOTIONS, counts, LossRecipe.model_validate(plain | settings))


def output_of(logits: Tensor, *unimodal: Tensor, fused: Tensor | None = None) -> Output:
    heads = {f"modality {i}": head for i, head in enumerate(unimodal)}
    return Output(logits, torch.ones(len(logits), 2) if fused is None else fused, heads)


def certain(emotion: Tensor, margin: float) -> Tensor:
    """Returns logits that are that much higher for these emotions than for the others."""
    return margin * functional.one_hot(emotion, len(EMOTIONS)).float()


@pytest.fixture
def logits() -> Tensor:
    return torch.randn(20, 3, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def emotion() -> Tensor:
    return torch.arange(20) % 3


@pytest.mark.parametrize("strength", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("imbalance", STRATEGIES)
def test_confident_right_answer_has_the_lowest_loss(
    imbalance: str, strength: float, emotion: Tensor
):
    loss = loss_with(imbalance=imbalance, strength=strength)
    margins = (-9.0, -3.0, -1.0, 0.0, 1.0, 3.0, 9.0)
    losses = [float(loss(output_of(certain(emotion, margin)), emotion)) for margin in margins]
    assert losses == sorted(losses, reverse=True)
    assert len(set(losses)) == len(margins)
    assert 0 <= losses[-1] < 0.01


@pytest.mark.parametrize("imbalance", STRATEGIES)
def test_one_wrong_answer_among_right_ones_costs(imbalance: str, emotion: Tensor):
    loss = loss_with(imbalance=imbalance)
    right = certain(emotion, 5)
    for row in range(3):
        wrong = right.clone()
        wrong[row] = -wrong[row]
        assert loss(output_of(wrong), emotion) > loss(output_of(right), emotion)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("imbalance", STRATEGIES)
def test_strength_zero_is_plain_cross_entropy(
    imbalance: str, smoothing: float, logits: Tensor, emotion: Tensor
):
    loss = loss_with(imbalance=imbalance, strength=0.0, smoothing=smoothing)
    expected = functional.cross_entropy(logits, emotion, label_smoothing=smoothing)
    torch.testing.assert_close(loss(output_of(logits), emotion), expected)


def test_strategy_none_has_no_strength(logits: Tensor, emotion: Tensor):
    loss = loss_with(imbalance="none", strength=2.0)
    expected = functional.cross_entropy(logits, emotion)
    torch.testing.assert_close(loss(output_of(logits), emotion), expected)


def test_weights_go_by_the_names_of_the_emotions():
    loss = loss_with(imbalance="class_balanced", strength=1.0)
    relative = loss.weight / loss.weight[0]
    torch.testing.assert_close(relative, torch.tensor([1.0, 6.0, 2.0]))
    shuffled = loss_with(dict(reversed(COUNTS.items())), imbalance="class_balanced", strength=1.0)
    assert torch.equal(shuffled.weight, loss.weight)


def test_weights_are_one_on_average_over_the_training_split():
    weight = loss_with(imbalance="class_balanced", strength=0.7).weight
    mean = sum(float(w) * COUNTS[e] for w, e in zip(weight, EMOTIONS, strict=True)) / 100
    assert mean == pytest.approx(1)


def test_an_emotion_that_never_occurs_has_a_finite_weight():
    for imbalance in STRATEGIES:
        loss = loss_with({"joy": 5, "fear": 3}, imbalance=imbalance, strength=1.0)
        assert loss(output_of(torch.zeros(3, 3)), torch.tensor([0, 1, 2])).isfinite()


def test_class_balanced_weighs_a_rare_emotion_by_hand():
    loss = loss_with(imbalance="class_balanced", strength=1.0)
    logits = torch.tensor([[math.log(2), 0, 0], [0, math.log(2), 0]])
    emotion = torch.tensor([0, 0])
    both = loss(output_of(logits), emotion)
    assert float(both) == pytest.approx((math.log(2) + math.log(4)) / 2)
    mixed = loss(output_of(logits), torch.tensor([0, 2]))
    assert float(mixed) == pytest.approx((1 * math.log(2) + 2 * math.log(4)) / 3)


def test_focal_loss_by_hand():
    loss = loss_with(imbalance="focal", strength=2.0)
    logits = torch.tensor([[math.log(2), 0, 0], [math.log(2), 0, 0]])
    found = loss(output_of(logits), torch.tensor([0, 1]))
    expected = (0.5**2 * math.log(2) + 0.75**2 * math.log(4)) / 2
    assert float(found) == pytest.approx(expected)


@pytest.mark.parametrize("strength", [0.5, 1.0, 2.0])
def test_focal_loss_of_a_certain_answer_has_a_finite_gradient(strength: float):
    loss = loss_with(imbalance="focal", strength=strength)
    logits = torch.tensor([[200.0, 0, 0], [0, 200.0, 0]], requires_grad=True)
    loss(output_of(logits), torch.tensor([0, 0])).backward()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()
    assert not logits.grad[0].any()
    assert logits.grad[1, 1] > 0


def test_focal_loss_looks_at_hard_answers():
    easy, hard = torch.tensor([[2.0, 0, 0]]), torch.tensor([[-2.0, 0, 0]])
    emotion = torch.tensor([0])

    def share(loss: EmotionLoss) -> float:
        return float(loss(output_of(easy), emotion) / loss(output_of(hard), emotion))

    assert share(loss_with(imbalance="focal", strength=2.0)) < share(loss_with(imbalance="none"))


def test_logit_adjustment_by_hand():
    loss = loss_with(imbalance="logit_adjustment", strength=1.0)
    found = loss(output_of(torch.zeros(1, 3)), torch.tensor([1]))
    assert float(found) == pytest.approx(-math.log(10 / 100))


def test_logit_adjustment_asks_a_rare_emotion_for_a_greater_margin():
    loss = loss_with(imbalance="logit_adjustment", strength=1.0)
    each = [float(loss(output_of(torch.zeros(1, 3)), torch.tensor([e]))) for e in range(3)]
    assert each[1] > each[2] > each[0]


@pytest.mark.parametrize("imbalance", STRATEGIES)
def test_unlabelled_utterances_are_ignored(imbalance: str, logits: Tensor, emotion: Tensor):
    loss = loss_with(imbalance=imbalance, unimodal=0.3, distillation=0.3, contrastive=0.2)
    fused, audio = torch.randn(20, 2), torch.randn(20, 3)
    some = torch.where(torch.arange(20) % 4 == 1, -1, emotion)
    kept = some >= 0
    found = loss(output_of(logits, audio, fused=fused), some)
    alone = loss(output_of(logits[kept], audio[kept], fused=fused[kept]), emotion[kept])
    torch.testing.assert_close(found, alone)


def test_without_an_emotion_the_loss_is_zero_and_can_be_differentiated(logits: Tensor):
    logits.requires_grad_()
    loss = loss_with(unimodal=1.0)(output_of(logits, logits), torch.full((20,), -1))
    loss.backward()
    assert loss == 0
    assert logits.grad is not None
    assert not logits.grad.any()


def test_every_head_is_paid_by_its_weight(logits: Tensor, emotion: Tensor):
    text, audio = torch.randn(2, 20, 3)
    found = loss_with(imbalance="none", unimodal=0.5)(output_of(logits, text, audio), emotion)
    fused, *heads = (functional.cross_entropy(h, emotion) for h in (logits, text, audio))
    torch.testing.assert_close(found, fused + 0.5 * (heads[0] + heads[1]))


def test_all_terms_are_added_by_their_weights(logits: Tensor, emotion: Tensor):
    text, fused = torch.randn(20, 3), torch.randn(20, 4)
    loss = loss_with(imbalance="none", unimodal=0.5, distillation=0.7, contrastive=0.2)
    expected = functional.cross_entropy(logits, emotion)
    expected = expected + 0.5 * functional.cross_entropy(text, emotion)
    expected = expected + 0.7 * distillation(text, logits)
    expected = expected + 0.2 * supervised_contrast(fused, emotion)
    torch.testing.assert_close(loss(output_of(logits, text, fused=fused), emotion), expected)


def test_a_student_like_its_teacher_has_no_divergence(logits: Tensor):
    assert float(distillation(logits, logits)) == pytest.approx(0, abs=1e-6)
    assert float(distillation(logits + 3, logits)) == pytest.approx(0, abs=1e-6)
    losses = [float(distillation(logits + away * logits.flip(0), logits)) for away in (0.5, 1, 2)]
    assert 0 < losses[0] < losses[1] < losses[2]


def test_distillation_by_hand():
    teacher, student = torch.tensor([[math.log(3), 0.0]]), torch.zeros(1, 2)
    expected = 0.75 * math.log(0.75 / 0.5) + 0.25 * math.log(0.25 / 0.5)
    assert float(distillation(student, teacher)) == pytest.approx(expected)


def test_the_teacher_does_not_learn_from_its_student(logits: Tensor):
    student, teacher = torch.randn(20, 3, requires_grad=True), logits.requires_grad_()
    distillation(student, teacher).backward()
    assert teacher.grad is None
    assert student.grad is not None
    assert student.grad.any()


def test_contrast_by_hand():
    vectors = torch.tensor([[2.0, 0.0], [5.0, 0.0], [0.0, 1.0]])
    emotion = torch.tensor([0, 0, 1])
    expected = math.log(1 + math.exp(-1 / 0.5))
    found = supervised_contrast(vectors, emotion, temperature=0.5)
    assert float(found) == pytest.approx(expected)


def test_contrast_is_lower_when_the_same_emotions_are_nearer(emotion: Tensor):
    away = torch.randn(20, 3)
    losses = [
        float(supervised_contrast(certain(emotion, margin) + away, emotion))
        for margin in (0.0, 1.0, 3.0, 10.0, 1000.0)
    ]
    assert losses == sorted(losses, reverse=True)
    floor = sum(math.log(n - 1) * n for n in (7, 7, 6)) / 20
    assert losses[-1] == pytest.approx(floor, abs=0.01)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_contrast_in_half_precision_is_near_and_finite(dtype: torch.dtype, emotion: Tensor):
    vectors = torch.randn(20, 8, requires_grad=True)
    exact = supervised_contrast(vectors, emotion)
    with torch.autocast("cpu", dtype=dtype):
        half = supervised_contrast(vectors, emotion)
    half.backward()
    torch.testing.assert_close(half, exact, rtol=0.05, atol=0.05)
    assert vectors.grad is not None
    assert vectors.grad.isfinite().all()


def test_contrast_without_a_pair_is_zero():
    vectors = torch.randn(3, 4, requires_grad=True)
    loss = supervised_contrast(vectors, torch.arange(3))
    loss.backward()
    assert loss == 0
    assert vectors.grad is not None
    assert not vectors.grad.any()


@pytest.mark.parametrize("imbalance", STRATEGIES)
def test_gradient_steps_lead_to_the_right_answer(imbalance: str, emotion: Tensor):
    logits = torch.zeros(20, 3, requires_grad=True)
    loss = loss_with(imbalance=imbalance, unimodal=0.3, distillation=0.3)
    optimiser = torch.optim.Adam([logits], lr=0.3)
    for _ in range(30):
        optimiser.zero_grad()
        loss(output_of(logits, logits), emotion).backward()
        optimiser.step()
    assert torch.equal(logits.argmax(1), emotion)


def test_the_loss_of_a_networks_own_tasks_is_added(logits: Tensor, emotion: Tensor):
    loss, output = loss_with(), output_of(logits)
    with_tasks = replace(output, auxiliary=torch.tensor(0.7))
    torch.testing.assert_close(loss(with_tasks, emotion), loss(output, emotion) + 0.7)
