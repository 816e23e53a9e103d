"""What the shipped model `lite` scores, with any of words, voices and faces.

    python benchmarks/lite.py --composed stores/lite --voices stores/ravdess-raw \
        --faces stores/fer2013

How the stores are made, docs/lite.md says. The words are MELD's own: with them alone, the scores
are scores on MELD. With voices and faces they are scores on composed conversations, on nothing
else. RAVDESS's calm counts as neutral. Nothing is fitted here, and no score takes the emotions'
shares in training out of the logits.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from linear import best_linear, rows_of
from rich.console import Console
from rich.table import Table
from speech import cut_to_speech

from synctva.batch import Batch, batch_of
from synctva.corpus import Corpus
from synctva.data.made.donors import names_in
from synctva.emotions import MODALITIES, EmotionSchema
from synctva.errors import InputError
from synctva.evaluation.calibration import calibration_error
from synctva.evaluation.metrics import ScoreArrays, confusions, scores_of
from synctva.features.extractors.audio import AudioExtractor
from synctva.features.normalise import SpeakerNormalisation, normalise, normalise_towards
from synctva.features.store import open_store
from synctva.inference.predictions import probabilities_of
from synctva.model.causal import causal
from synctva.model.emotion_model import EmotionModel
from synctva.model.load import SHIPPED

SUBSETS = [own for count in (1, 2, 3) for own in combinations(MODALITIES, count)]

CAPTION = (
    "scores x100; * = the score that the bar is for; chance = the ECE that as many utterances would"
    " leave if every probability were exactly true"
)
DRAWS = 200
"""Of right and wrong, for the calibration error that chance alone would leave."""


@dataclass(frozen=True)
class Judged:
    """What a model says of a split: calibrated probabilities, beside the emotions."""

    probabilities: Float[np.ndarray, "utterance emotion"]
    emotion: Int[np.ndarray, " utterance"]

    @property
    def scores(self) -> ScoreArrays:
        """The scores."""
        said = self.probabilities.argmax(1)
        together = np.zeros_like(said)  # as if all were of one dialogue
        counts = confusions(self.emotion, said, together, self.probabilities.shape[1])
        return scores_of(counts.sum(0))

    @property
    def calibration_error(self) -> float:
        """The expected calibration error."""
        return calibration_error(self.probabilities, self.emotion)

    @property
    def least_calibration_error(self) -> float:
        """What the error would be, in the mean, if the probabilities were exactly true.

        It is not 0: a few hundred utterances leave bins in which chance alone opens a gap.
        """
        confidence, rng = self.probabilities[self.emotion >= 0].max(1), np.random.default_rng(0)
        rows = np.stack([confidence, np.zeros_like(confidence)], axis=1)
        wrong = (rng.random(len(rows)) >= confidence for _ in range(DRAWS))
        return float(np.mean([calibration_error(rows, own.astype(np.int64)) for own in wrong]))


@dataclass(frozen=True)
class Line:
    """A line of the table: what is judged, the score that counts for it, and the bar, if any."""

    name: str
    judged: Judged
    score: str = "weighted_f1"
    bar: float | None = None


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", type=Path, default=SHIPPED / "lite")
    parser.add_argument("--composed", type=Path, required=True, help="the composed store")
    parser.add_argument("--voices", type=Path, required=True, help="RAVDESS, not normalised")
    parser.add_argument("--faces", type=Path, required=True, help="FER2013")
    parser.add_argument("--split", choices=("valid", "test"), default="test")
    arguments = parser.parse_args()
    model = EmotionModel.from_pretrained(arguments.model)
    schema = EmotionSchema("of the model", model.emotions)
    conversations = open_store(arguments.composed).read().split(arguments.split)
    voices = in_schema(open_store(arguments.voices).read(), schema)
    faces = in_schema(open_store(arguments.faces).read(), schema).split(arguments.split)
    lines = [
        *of_conversations(model, conversations),
        *of_voices(model, voices, arguments.split),
        Line("FER2013, faces alone", judge(model, faces), "accuracy", 0.66),
    ]
    console = Console(width=160 if not sys.stdout.isatty() else None)
    console.print(table_of(lines, f"{arguments.model}, {arguments.split}"))
    console.print(emotions_of(lines, model.emotions))
    own = normalise(voices, "audio", "speaker")[0]
    words, scores = best_linear("svm", rows_of(own, ("audio",)), len(schema))
    console.print(f"RAVDESS, the same features, {words}: UAR {scores[arguments.split].uar:.3f}")


def of_conversations(model: EmotionModel, corpus: Corpus) -> Iterator[Line]:
    """Yields MELD's words alone, looking ahead and not, and each subset of what is composed."""
    batch = batch_of(corpus)
    words = batch.keep(("text",))
    both_ways = judged(model, words)
    yield Line("MELD, words alone", both_ways, bar=0.59)
    yield Line("MELD, words alone, macro F1", both_ways, "macro_f1", 0.40)
    looking_back = judged(causal(model, "the model"), words)
    bar = float(both_ways.scores.weighted_f1) - 0.02
    yield Line("MELD, words alone, causal", looking_back, bar=bar)
    best_single = 0.0
    for subset in SUBSETS:
        found = both_ways if subset == ("text",) else judged(model, batch.keep(subset))
        if len(subset) == 1:
            best_single = max(best_single, float(found.scores.weighted_f1))
        bar = best_single + 0.05 if len(subset) == len(MODALITIES) else None
        yield Line(f"composed, {' + '.join(subset)}", found, bar=bar)
    yield Line("composed, all, causal", judged(causal(model, "the model"), batch))


def of_voices(model: EmotionModel, voices: Corpus, split: str) -> Iterator[Line]:
    """Yields voices normalised by themselves, and clip by clip, as strangers are heard."""
    own, _ = normalise(voices, "audio", "speaker")
    extracted = voices.features["audio"].values
    own = own.with_features("audio", replace(own.features["audio"], extracted=extracted))
    own = own.split(split)
    by_voice = judge(model, replace(own, features={"audio": own.features["audio"]}))
    yield Line("RAVDESS, voices alone", by_voice, "uar", 0.5)
    if "text" in own.features:
        bar = float(by_voice.scores.uar) - 0.03
        yield Line("RAVDESS, voices and their words", judge(model, own), "uar", bar)
    mean, sd = (np.array([model.provenance.voices[name]]) for name in ("mean", "sd"))
    known = SpeakerNormalisation("audio", "speaker", ("",), mean, sd)
    heard = cut_to_speech(
        voices.split(split), AudioExtractor(voices.features["audio"].description.model)
    )
    lone = normalise_towards(each_a_stranger(heard), known)
    yield Line("RAVDESS, one clip of a stranger", judge(model, lone), "uar")


def each_a_stranger(corpus: Corpus) -> Corpus:
    """Returns the corpus with a speaker of its own for every dialogue."""
    dialogues = tuple(
        replace(d, utterances=tuple(replace(u, speaker=d.id) for u in d.utterances))
        for d in corpus.dialogues
    )
    return replace(corpus, dialogues=dialogues)


def in_schema(corpus: Corpus, schema: EmotionSchema) -> Corpus:
    """Returns the corpus with a schema's emotions; what the schema lacks is unlabelled."""
    called = names_in(schema, corpus.schema)
    dialogues = tuple(
        replace(
            dialogue,
            utterances=tuple(
                replace(u, emotion=called.get(u.emotion or "")) for u in dialogue.utterances
            ),
        )
        for dialogue in corpus.dialogues
    )
    return replace(corpus, schema=schema, dialogues=dialogues)


def judge(model: EmotionModel, corpus: Corpus) -> Judged:
    """Returns what a model says of a corpus that may lack modalities altogether."""
    return judged(model, widened(batch_of(corpus), model))


def widened(batch: Batch, model: EmotionModel) -> Batch:
    """Returns the batch with the columns of the modalities that it lacks, none of them present."""
    lacking = {m: dim for m, dim in model.dims.items() if batch.features[m].shape[1] == 0}
    return replace(batch, **{m: torch.zeros(len(batch), dim) for m, dim in lacking.items()})


def judged(model: EmotionModel, batch: Batch) -> Judged:
    """Returns what a model says of a batch."""
    return Judged(probabilities_of(model, batch), batch.emotion.numpy())


def table_of(lines: Sequence[Line], title: str) -> Table:
    """Returns the scores, with the bars that a line has to clear."""
    table = Table(title=title, caption=CAPTION)
    for name in (
        "",
        "utterances",
        "weighted F1",
        "macro F1",
        "accuracy",
        "UAR",
        "ECE",
        "chance",
        "bar",
    ):
        table.add_column(name, justify="left" if not name else "right")
    for line in lines:
        scores = line.judged.scores
        cells = []
        for name in ("weighted_f1", "macro_f1", "accuracy", "uar"):
            star = "*" if line.bar is not None and name == line.score else ""
            cells.append(f"{100 * float(getattr(scores, name)):.1f}{star}")
        count = str(int((line.judged.emotion >= 0).sum()))
        errors = (line.judged.calibration_error, line.judged.least_calibration_error)
        table.add_row(line.name, count, *cells, *(f"{100 * e:.1f}" for e in errors), _verdict(line))
    return table


def _verdict(line: Line) -> str:
    if line.bar is None:
        return ""
    is_cleared = float(getattr(line.judged.scores, line.score)) >= line.bar
    return f"{100 * line.bar:.1f} {'met' if is_cleared else 'MISSED'}"


def emotions_of(lines: Sequence[Line], emotions: tuple[str, ...]) -> Table:
    """Returns the F1 of each emotion."""
    table = Table(title="F1 of each emotion, x100")
    table.add_column("")
    for emotion in emotions:
        table.add_column(emotion, justify="right")
    for line in {id(line.judged): line for line in reversed(lines)}.values():
        table.add_row(line.name, *(f"{100 * f1:.1f}" for f1 in line.judged.scores.f1))
    return table


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        sys.exit(f"lite: {error}")
