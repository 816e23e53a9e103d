"""The community number: the best test epoch. Not a result; a way to compare with papers."""

import numpy as np

from synctva.errors import InputError
from synctva.evaluation.evaluated_run import EvaluatedRun, counts_of
from synctva.evaluation.metrics import scores_of
from synctva.evaluation.prediction import predict
from synctva.evaluation.spread import spread
from synctva.model.emotion_model import EmotionModel
from synctva.run.findings import Community


def community_score(run: EvaluatedRun) -> Community:
    """Returns the best weighted F1 of any epoch on ``test``, and its gap to the honest score.

    Much of the field reports this number. It is chosen on the test split, so it is too high, and
    is always shown beside the gap.

    Raises:
        InputError: The run did not keep its epochs.
    """
    batch = run.batches["test"]

    def weighted_f1(model: EmotionModel) -> float:
        return float(scores_of(counts_of(predict(model, batch).numpy(), batch).sum(0)).weighted_f1)

    best, honest = [], []
    for number, model in run.models.items():
        epochs = sorted(run.folder.seed(number).epochs.glob("*/"))
        if not epochs:
            raise InputError(
                f"{run.folder.path}: it kept no epochs; train it with"
                " `--set training.keep_epochs=true`"
            )
        best.append(max(weighted_f1(EmotionModel.from_pretrained(epoch)) for epoch in epochs))
        honest.append(weighted_f1(model))
    return Community(spread(best), float(np.mean(best) - np.mean(honest)))
