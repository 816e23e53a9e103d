"""The loss: fused emotion, one head per modality, distillation between them, contrast.

A network with tasks of its own adds their loss as ``Output.auxiliary``.
"""

from collections.abc import Mapping

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from synctva.batch import Batch
from synctva.model.emotion_model import EmotionModel
from synctva.output import Output
from synctva.recipe import LossRecipe


class EmotionLoss(nn.Module):
    """The training loss of a model's output.

    Args:
        emotions: The names of the emotions, in the schema's order.
        counts: Utterances of the training split by name of the emotion.
        recipe: The strategy against imbalance, and the weights of the terms.

    Source: focal loss, Lin et al. 2017, eq. 4; logit adjustment, Menon et al. 2021, eq. 10;
        unimodal heads and distillation, Ma et al. 2023 (SDT), section 3.5; supervised contrast,
        Khosla et al. 2020, eq. 2.
    Departs: weights by a power of the count (1 = inverse frequency) instead of the effective
        number of samples of Cui et al. 2019: one parameter with the same two ends.
    """

    weight: Tensor
    log_prior: Tensor

    def __init__(
        self,
        emotions: tuple[str, ...],
        counts: Mapping[str, int],
        recipe: LossRecipe,
    ) -> None:
        super().__init__()
        self.recipe = recipe
        number = torch.tensor([max(counts.get(e, 0), 1) for e in emotions], dtype=torch.float)
        weight = number ** (-recipe.strength if recipe.imbalance == "class_balanced" else 0.0)
        self.register_buffer("weight", weight * number.sum() / (weight * number).sum())
        tau = recipe.strength if recipe.imbalance == "logit_adjustment" else 0.0
        self.register_buffer("log_prior", tau * (number / number.sum()).log())

    def forward(
        self,
        output: Output,
        emotion: Int[Tensor, " utterance"],
        step: Int[Tensor, " step"] | None = None,
    ) -> Float[Tensor, ""]:
        """Returns the mean loss over the labelled utterances; 0 where none is labelled.

        A step of the optimiser may be made of pieces, on several processes or one after another.
        The losses of the pieces then add up to the mean over the step. Only contrast and a
        network's own terms look at a piece alone, and are weighted by its share of the utterances.

        Args:
            output: Of a piece.
            emotion: Its emotions.
            step: The emotions of all pieces of the step, this one's among them; None = it is all.
        """
        labelled = emotion >= 0
        if not labelled.any():
            return output.logits.sum() * 0.0
        emotion, fused = emotion[labelled], output.logits[labelled]
        whole = emotion if step is None else step[step >= 0]
        share = len(emotion) / len(whole)
        weighted_share = self._weight_of(emotion) / self._weight_of(whole)
        loss = weighted_share * self.classification(fused, emotion)
        for logits in output.unimodal.values():
            own = logits[labelled]
            own_loss = weighted_share * self.classification(own, emotion)
            loss = loss + self.recipe.unimodal * own_loss
            loss = loss + self.recipe.distillation * share * distillation(own, fused)
        if self.recipe.contrastive:
            contrast = supervised_contrast(output.fused[labelled], emotion)
            loss = loss + self.recipe.contrastive * share * contrast
        return loss if output.auxiliary is None else loss + share * output.auxiliary

    def _weight_of(self, emotion: Int[Tensor, " labelled"]) -> Float[Tensor, ""]:
        """Returns what ``classification`` divides by: the utterances' weights, or their number."""
        is_mean = self.recipe.imbalance == "focal"
        return (torch.ones_like(self.weight) if is_mean else self.weight)[emotion].sum()

    def classification(
        self, logits: Float[Tensor, "utterance emotion"], emotion: Int[Tensor, " utterance"]
    ) -> Float[Tensor, ""]:
        """Returns the cross-entropy under the strategy against imbalance."""
        each = functional.cross_entropy(
            logits + self.log_prior,
            emotion,
            reduction="none",
            label_smoothing=self.recipe.smoothing,
        )
        weight = self.weight[emotion]
        if self.recipe.imbalance == "focal":
            right = logits.log_softmax(-1).gather(1, emotion.unsqueeze(1)).squeeze(1).exp()
            wrong = (1 - right).clamp(min=1e-7)  # at 0 the gradient of a power below 1 is infinite
            weight = weight * wrong**self.recipe.strength
            return (weight * each).mean()
        return (weight * each).sum() / weight.sum()


class Objective(nn.Module):
    """A model and its loss as one module, whose output is what gradients are taken of.

    So processes that train together know which weights a batch leaves without a gradient.
    """

    def __init__(self, model: EmotionModel, loss: EmotionLoss) -> None:
        super().__init__()
        self.model, self.loss = model, loss

    def forward(self, batch: Batch, step: Int[Tensor, " step"]) -> Float[Tensor, ""]:
        """Returns a batch's part of the mean loss over the utterances of a step."""
        return self.loss(self.model(batch), batch.emotion, step)


def distillation(
    student: Float[Tensor, "utterance emotion"], teacher: Float[Tensor, "utterance emotion"]
) -> Float[Tensor, ""]:
    """Returns KL(teacher || student); no gradient reaches the teacher.

    Source: SDT (Ma et al. 2023), eq. 24, temperature 1.
    """
    return functional.kl_div(
        student.log_softmax(-1), teacher.detach().log_softmax(-1), reduction="batchmean",
        log_target=True,
    )  # fmt: skip


def supervised_contrast(
    vectors: Float[Tensor, "utterance width"],
    emotion: Int[Tensor, " utterance"],
    temperature: float = 0.1,
) -> Float[Tensor, ""]:
    """Returns the supervised contrastive loss over all pairs; 0 where no emotion occurs twice.

    Source: Khosla et al. 2020, eq. 2.
    """
    unit = functional.normalize(vectors, dim=-1)
    itself = torch.eye(len(unit), dtype=torch.bool, device=unit.device)
    cosine = (unit @ unit.T).float()
    logits = (cosine / temperature).masked_fill(itself, torch.finfo(cosine.dtype).min)
    alike = (emotion.unsqueeze(0) == emotion.unsqueeze(1)) & ~itself
    count = alike.sum(1)
    each = -(logits.log_softmax(1) * alike).sum(1) / count.clamp(min=1)
    paired = count > 0
    return each[paired].mean() if paired.any() else vectors.sum() * 0.0
