"""Features normalised by the corpus or by the speaker: less of the microphone and of the voice.

By speaker takes away how somebody sounds anyway, and leaves how they sound *now*. No emotion is
looked at, and what one split is normalised by never depends on a later one (train, valid, test):

- everything that is not a speaker's own comes from the training split;
- a speaker's statistics come from the first split in which they are heard often enough, so a
  speaker of the training split keeps its statistics in the others, and only somebody unheard
  before is normalised by utterances of valid or test, their own.

Only whoever made the corpus knows whether a name is a person: in MELD, RAVDESS and EmoDB it is
(``speaker``); in IEMOCAP, CMU-MOSI and most recordings of one's own ``F``, ``A`` or ``speaker``
are other people in every dialogue (``speaker_in_dialogue``).

A recording to recognise has no training split, and its speakers may say three sentences, all
angry. So there, a speaker's own statistics count as many utterances, and those of the voices that
the model was trained on as ``PRIOR_UTTERANCES`` more (:func:`normalise_towards`).
"""

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float32, Float64

from synctva.corpus import Corpus, Features
from synctva.dialogue import SPLITS
from synctva.errors import InputError, did_you_mean
from synctva.features.moments import Moments

if TYPE_CHECKING:
    import pyarrow as pa

BY = ("corpus", "speaker", "speaker_in_dialogue")
LEAST_UTTERANCES = 10
"""A speaker who is heard less often in a split is normalised by the training split instead."""
PRIOR_UTTERANCES = 10
"""The training voices count as this many utterances of a speaker. With fewer, little is won where
all emotions are heard alike (12 clips of a RAVDESS actor: recall 0.55 with none, 0.56 with 2 and
with 10), and much is lost where the clips are of one emotion or two (0.29, 0.35, 0.47)."""
FARTHEST_SD = 1e6
"""Values are cut off here, in standard deviations, so that all of them remain finite."""


@dataclass(frozen=True, eq=False)
class SpeakerNormalisation:
    """The statistics that a modality's features were normalised by.

    Attributes:
        modality: Such as ``audio``.
        by: One of ``BY``.
        people: Whose the rows of ``mean`` and ``sd`` are, by :func:`people_of`; the first row is
            the training split's, for everybody else, and its name is empty.
        mean: A row per person.
        sd: A row per person; 0 = this feature does not vary, and becomes 0.
    """

    modality: str
    by: str
    people: tuple[str, ...]
    mean: Float64[np.ndarray, "person dim"]
    sd: Float64[np.ndarray, "person dim"]

    def apply(
        self, values: Float32[np.ndarray, "utterance dim"], people: Sequence[str]
    ) -> Float32[np.ndarray, "utterance dim"]:
        """Returns values by the statistics of whoever speaks, or of the training split.

        Args:
            values: Features of the same extractor.
            people: Who speaks, by :func:`people_of`; others have the training split's statistics.

        Raises:
            InputError: The features are of another width, or the people are not one per row.
        """
        if values.shape[1] != self.mean.shape[1] or len(people) != len(values):
            raise InputError(
                f"{self.modality}: {values.shape[1]} features of {len(values)} utterances, and"
                f" statistics of {self.mean.shape[1]} for {len(people)}; use those that were"
                " stored with the features"
            )
        number = {person: row for row, person in enumerate(self.people)}
        rows = np.array([number.get(person, 0) for person in people], dtype=np.int64)
        sd = self.sd[rows]
        scaled = (values - self.mean[rows]) / np.where(sd > 0, sd, np.inf)
        return np.clip(scaled, -FARTHEST_SD, FARTHEST_SD).astype(np.float32)

    def towards(
        self, heard: Moments
    ) -> tuple[Float64[np.ndarray, " dim"], Float64[np.ndarray, " dim"]]:
        """Returns the mean and sd of somebody new, who was heard in some utterances so far.

        The known voices, which are the first row, count as ``PRIOR_UTTERANCES`` more.
        """
        share = heard.count / (heard.count + PRIOR_UTTERANCES)
        mean = share * heard.mean + (1 - share) * self.mean[0]
        return mean, np.sqrt(share * heard.sd**2 + (1 - share) * self.sd[0] ** 2)

    def to_table(self) -> "pa.Table":
        """Returns a row per person: ``person``, ``mean``, ``sd``; the rest is in the metadata."""
        import pyarrow as pa

        dim = self.mean.shape[1]
        columns = {
            "person": pa.array(self.people, pa.string()),
            "mean": pa.FixedSizeListArray.from_arrays(pa.array(self.mean.reshape(-1)), dim),
            "sd": pa.FixedSizeListArray.from_arrays(pa.array(self.sd.reshape(-1)), dim),
        }
        facts = json.dumps({"modality": self.modality, "by": self.by})
        return pa.table(columns).replace_schema_metadata({"standardisation": facts})

    @classmethod
    def from_table(cls, table: "pa.Table") -> "SpeakerNormalisation":
        """Returns what ``to_table`` wrote.

        Raises:
            InputError: It is not such a table.
        """
        try:
            facts = json.loads((table.schema.metadata or {})[b"standardisation"])
            people = tuple(table["person"].to_pylist())
            mean, sd = (_matrix(table[name], len(people)) for name in ("mean", "sd"))
            if facts["by"] not in BY or people[0] != "" or mean.shape != sd.shape:
                raise ValueError("rows that do not fit together")
            return cls(facts["modality"], facts["by"], people, mean, sd)
        except (KeyError, ValueError, TypeError, IndexError, AttributeError) as error:
            raise InputError(
                f"not a table of normalisation statistics ({error}); extract the features again"
            ) from error


def normalise(corpus: Corpus, modality: str, by: str) -> tuple[Corpus, SpeakerNormalisation]:
    """Returns the corpus with one modality normalised, and the statistics.

    An utterance that lacks the modality still lacks it and counts nowhere.

    Args:
        corpus: With features of the modality.
        modality: Such as ``audio``.
        by: ``corpus``, ``speaker`` (a name is one person everywhere) or ``speaker_in_dialogue``
            (a name is one person within its dialogue).

    Raises:
        InputError: There is no such way, or no such features; they are normalised already; or
            no training utterance has any.
    """
    features = _checked(corpus, modality, by)
    people = people_of(corpus, by)
    splits = [dialogue.split for dialogue, _ in corpus.utterances()]
    rows_of: dict[tuple[str, str], list[int]] = {}
    for row in np.flatnonzero(features.present):
        rows_of.setdefault((splits[row], people[row]), []).append(int(row))
    training = [int(row) for row in np.flatnonzero(features.present) if splits[row] == "train"]
    if not training:
        raise InputError(
            f"{corpus.name}: no utterance of the training split has {modality} features to"
            " normalise by; leave them as they are, or apply the statistics of another corpus"
        )
    groups: dict[str, Sequence[int]] = {"": training}
    if by != "corpus":
        for split in SPLITS:
            for (heard_in, person), rows in sorted(rows_of.items()):
                if heard_in == split and person not in groups and len(rows) >= LEAST_UTTERANCES:
                    groups[person] = rows
    moments = [Moments.of(features.values[list(rows)]) for rows in groups.values()]
    found = SpeakerNormalisation(
        modality,
        by,
        tuple(groups),
        np.stack([own.mean for own in moments]),
        np.stack([own.sd for own in moments]),
    )
    return _with(corpus, modality, features, found, people), found


def voices_of(parts: Sequence[tuple[SpeakerNormalisation, Sequence[str]]]) -> SpeakerNormalisation:
    """Returns the statistics of the voices that a model was trained on, for everybody else.

    The mean is that of the voices' means; the sd is what a voice varies by, not what voices differ
    by, as the model saw each by its own.

    Args:
        parts: The statistics of each corpus, and the names of those people in them whose voices
            the model was trained on.

    Raises:
        InputError: Nobody is named, or somebody without statistics.
    """
    rows = []
    for own, people in parts:
        if lacking := sorted(set(people) - set(own.people)):
            raise InputError(
                f"{own.modality}: no statistics of {lacking[0]!r}; name people that are heard in"
                f" {LEAST_UTTERANCES} utterances or more"
            )
        rows += [(own.mean[n], own.sd[n]) for n, p in enumerate(own.people) if p in people]
    if not rows:
        raise InputError("statistics of nobody's voice; name the people of the training split")
    mean = np.mean([mean for mean, _ in rows], axis=0)
    sd = np.sqrt(np.mean([sd**2 for _, sd in rows], axis=0))
    first = parts[0][0]
    return SpeakerNormalisation(first.modality, first.by, ("",), mean[None], sd[None])


def normalise_towards(
    corpus: Corpus, known: SpeakerNormalisation, *, is_causal: bool = False
) -> Corpus:
    """Returns a recording with each speaker normalised by itself and by known voices.

    Its features keep the values as they were extracted.

    Args:
        corpus: With features as they were extracted.
        known: The statistics of known voices, from :func:`voices_of`.
        is_causal: An utterance is normalised by what its speaker has said so far.

    Raises:
        InputError: There are no such features, or they are normalised already.
    """
    features = _checked(corpus, known.modality, known.by)
    people = people_of(corpus, known.by)
    rows_of: dict[str, list[int]] = {}
    heard: dict[str, Moments] = {}  # no name in it may be empty, as the first of the table is
    for row in np.flatnonzero(features.present).tolist():
        rows_of.setdefault(people[row], []).append(row)
    for person, rows in rows_of.items():
        if is_causal:
            each = (Moments.of(features.values[[row]]) for row in rows)
            so_far = itertools.accumulate(each, Moments.__add__)
            heard |= {f"{row}": own for row, own in zip(rows, so_far, strict=True)}
        else:
            heard[f"heard {person}"] = Moments.of(features.values[rows])
    mean, sd = zip(
        (known.mean[0], known.sd[0]), *(known.towards(own) for own in heard.values()), strict=True
    )
    found = SpeakerNormalisation(
        known.modality, known.by, ("", *heard), np.stack(mean), np.stack(sd)
    )
    names = [f"{row}" if is_causal else f"heard {one}" for row, one in enumerate(people)]
    features = replace(features, extracted=features.values)
    return _with(corpus, known.modality, features, found, names)


def people_of(corpus: Corpus, by: str) -> list[str]:
    """Returns who speaks each utterance: a name, or a name within its dialogue; else empty."""
    if by == "corpus":
        return [""] * len(corpus)
    if by == "speaker":
        return [utterance.speaker for _, utterance in corpus.utterances()]
    return [json.dumps([dialogue.id, one.speaker]) for dialogue, one in corpus.utterances()]


def _checked(corpus: Corpus, modality: str, by: str) -> Features:
    if by not in BY:
        raise InputError(f"normalise by {by!r}: known are {', '.join(BY)}." + did_you_mean(by, BY))
    if modality not in corpus.features:
        raise InputError(
            f"{corpus.name}: no {modality} features to normalise; it has"
            f" {', '.join(corpus.dims) or 'none'}"
        )
    features = corpus.features[modality]
    if done := features.description.normalised_by:
        raise InputError(
            f"{corpus.name}: its {modality} features are normalised already (by {done});"
            " extract them again to do it differently"
        )
    return features


def _with(
    corpus: Corpus,
    modality: str,
    features: Features,
    found: SpeakerNormalisation,
    people: Sequence[str],
) -> Corpus:
    """Returns the corpus with the modality's features by the statistics found."""
    values = found.apply(features.values, people)
    values[~features.present] = 0
    description = features.description.normalised(found.by)
    changed = replace(features, values=values, description=description)
    return replace(corpus, features={**corpus.features, modality: changed})


def _matrix(column: "pa.ChunkedArray", rows: int) -> Float64[np.ndarray, "person dim"]:
    return np.array(column.combine_chunks().flatten(), dtype=np.float64).reshape(rows, -1)
