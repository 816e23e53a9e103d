"""A corpus of all three modalities, composed of a text corpus, voices and faces.

The dialogues, words, speakers and emotions are the text corpus's. Every utterance receives the
audio features of a voice and the visual features of a face, recorded elsewhere, of other people. So
fusion can be trained on real signals whose reliability is known. No such conversation ever took
place: a score on it is not a score on the text corpus, and must never be reported as one.

- **Reliability.** With probability r the donor has the utterance's emotion; else the donor's is
  drawn uniformly from the other emotions of the text corpus's schema; for each modality on its own.
  So even at r = 0 a modality shows what the emotion is not. It shows nothing at r = 1 / number of
  emotions.
  The rate may differ from dialogue to dialogue, as it does from recording to recording.
- **As people are.** With an :class:`synctva.data.agreement.Agreement`, a donor that is not astray
  shows what people find in the voice, or the face, of somebody who feels so: often *neutral*
  instead, and both of them together. Without, it shows the utterance's emotion.
- **Alone.** On request, donors of the training split stand there by themselves as well, as
  dialogues of one utterance; of each emotion equally many. A face has nothing beside it. Of the
  voices, a third has none either, a third its own words and a third those of a neutral utterance:
  so a model learns what each shows without words, and that words may show nothing.
- **Splits.** An utterance takes donors of its own split only. A voice that is in two splits of its
  source is an error; of recordings that stand in two splits with the very same features (FER2013
  repeats some pictures), only those of the first split are donors.
- **People.** A speaker keeps one voice within a dialogue wherever one person has all the emotions
  that the speaker's donors need there; else the person with most of them speaks, and others fill
  in. Who is in a picture is not known; pictures are drawn one by one.
- **Reuse.** A donor serves again only when all others of its person and emotion served as often.

Where a modality is missing, so is the path of its recording, or the transcript; what is there keeps
it, so that the features can be made again. An unlabelled utterance receives nothing.

Source: none, our own.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
from jaxtyping import Bool, Int

from synctva.corpus import Corpus, Features
from synctva.data.made.alone import with_alone, words_for
from synctva.data.made.casting import Casting, shown_in, wanted_of
from synctva.data.made.donors import Donor, Donors, cast, dealt, donors_of, recording_of
from synctva.dialogue import SPLITS, Dialogue, Utterance
from synctva.emotions import MODALITIES
from synctva.errors import InputError


@dataclass(frozen=True)
class _Loan:
    """What a modality's donors lend to the utterances of the text corpus.

    Attributes:
        features: The features.
        lenders: Who lent them; None where the utterance lacks the modality.
        donors: All who might have.
        record: How it came about, as JSON.
    """

    features: Features
    lenders: tuple[Donor | None, ...]
    donors: Donors
    record: dict[str, Any]


def compose(
    text: Corpus,
    audio: Sequence[Corpus],
    visual: Sequence[Corpus],
    *,
    casting: Casting,
    missing: Mapping[str, float] | None = None,
    alone: int = 0,
    seed: int,
) -> Corpus:
    """Returns ``composed-<text>``: a text corpus whose utterances have voices and faces of others.

    The donors are the same at every missing rate, and those of one modality do not depend on the
    other's sources.

    Args:
        text: Dialogues with their emotions; of its features, those of the text are kept.
        audio: Corpora of voices with audio features of one extractor, such as RAVDESS and EmoDB.
        visual: Corpora of faces with visual features of one extractor, such as FER2013.
        casting: Which emotions the donors have.
        missing: How often an utterance lacks ``text``, ``audio`` or ``visual``; 0 if not named.
        alone: How many donors of ``train`` also stand alone there, for each modality with sources.
        seed: Decides everything else.

    Raises:
        InputError: A rate is not of a modality that there is, or outside 0 to 1; or the sources
            have different extractors, people in two splits, or no donor with a needed emotion.
    """
    sources = {m: tuple(own) for m, own in (("audio", audio), ("visual", visual)) if own}
    missing = missing or {}
    _check(text, sources, casting, missing, seed)
    shown = shown_in(text, casting.agreement, seed)
    loans = {
        m: _lend(text, m, own, wanted_of(text, m, casting, shown[m], seed), seed,
                 _hidden(text, m, missing, seed))
        for m, own in sources.items()
    }  # fmt: skip
    features = {m: loan.features for m, loan in loans.items()}
    hidden = _hidden(text, "text", missing, seed)
    if "text" in text.features:
        features["text"] = _without(text.features["text"], hidden)
    records = {
        m: {
            **loan.record,
            "reliability": casting.reliability[m],
            "spread": casting.spread,
            "as_people": casting.agreement is not None,
            "missing": missing.get(m, 0.0),
        }
        for m, loan in loans.items()
    }
    origin = {
        "kind": "composed",
        "note": f"The dialogues of {text.name} with voices and faces of other people: scores on"
        f" it are no scores on {text.name}.",
        "seed": seed,
        "text": {
            "source": text.name,
            "missing": missing.get("text", 0.0),
            **({"origin": dict(text.origin)} if text.origin else {}),
        },
        "alone": alone,
        **records,
    }
    dialogues = _dialogues(text, hidden, {m: loan.lenders for m, loan in loans.items()})
    corpus = Corpus(f"composed-{text.name}", text.schema, dialogues, features, origin)
    for m, loan in loans.items():
        rng = np.random.default_rng((seed, 4, MODALITIES.index(m)))
        numbers = dealt(loan.donors, "train", alone, rng)
        words = words_for(corpus, loan.donors, numbers, rng) if m == "audio" else None
        corpus = with_alone(corpus, m, loan.donors, numbers, words)
    return corpus


def _check(
    text: Corpus,
    sources: Mapping[str, tuple[Corpus, ...]],
    casting: Casting,
    missing: Mapping[str, float],
    seed: int,
) -> None:
    reliability = casting.reliability
    place = f"composed-{text.name}"
    if not sources:
        raise InputError(f"{place}: neither voices nor faces; name audio or visual sources")
    if set(reliability) != set(sources):
        raise InputError(
            f"{place}: reliability of {', '.join(reliability) or 'nothing'}, sources of"
            f" {', '.join(sources)}; state the reliability of each modality that has sources"
        )
    there = {*sources, *({"text"} & set(text.features))}
    for m in missing:
        if m not in there:
            raise InputError(
                f"{place}: a missing rate of {m}, but features of"
                f" {', '.join(n for n in MODALITIES if n in there)} only; leave it out"
            )
    for rate in (*reliability.values(), *missing.values()):
        if not 0 <= rate <= 1:
            raise InputError(f"{place}: reliability and missing rates are from 0 to 1, not {rate}")
    casting.check(text.schema, place)
    if seed < 0:
        raise InputError(f"{place}: seed {seed} must not be negative")


def _lend(
    text: Corpus,
    modality: str,
    sources: tuple[Corpus, ...],
    wanted: Sequence[str | None],
    seed: int,
    hidden: Bool[np.ndarray, " utterance"],
) -> _Loan:
    """Returns features of donors with the wanted emotions for the text corpus's utterances."""
    donors = donors_of(modality, sources, text.schema)
    pairs = list(text.utterances())
    chosen = np.full(len(pairs), -1)
    for number, split in enumerate(SPLITS):
        rows = [row for row, (dialogue, _) in enumerate(pairs) if dialogue.split == split]
        own = [wanted[row] for row in rows]
        lacking = {e for e in own if e is not None} - donors.emotions(split)
        if lacking:
            raise InputError(
                f"{', '.join(source.name for source in sources)}: no donor of {modality} for"
                f" {' and '.join(sorted(lacking))} in {split}; add a source that has"
                f" {'it' if len(lacking) == 1 else 'them'} there"
            )
        roles = [(pairs[row][0].id, pairs[row][1].speaker) for row in rows]
        rng = np.random.default_rng((seed, 1, MODALITIES.index(modality), number))
        chosen[rows] = cast(donors, split, own, roles, rng)
    chosen[hidden] = -1
    lent = donors.features.rows(np.maximum(chosen, 0))
    given = tuple(donors.all[number] if number >= 0 else None for number in chosen)
    record = {
        "sources": [source.name for source in sources],
        "extractor": asdict(donors.features.description),
        "dim": donors.features.dim,
        "repeated": donors.repeated,
        "splits": {split: _counts(text, split, chosen, donors) for split in SPLITS},
    }
    return _Loan(_without(lent, chosen < 0), given, donors, record)


def _hidden(
    text: Corpus, modality: str, missing: Mapping[str, float], seed: int
) -> Bool[np.ndarray, " utterance"]:
    rng = np.random.default_rng((seed, 2, MODALITIES.index(modality)))
    return rng.random(len(text)) < missing.get(modality, 0.0)


def _without(features: Features, hidden: Bool[np.ndarray, " utterance"]) -> Features:
    """Returns features that are missing where hidden; there is nothing to note of those."""
    present = features.present & ~hidden
    flags = tuple(
        flag if there else "" for flag, there in zip(features.flags, present, strict=False)
    )
    values = np.where(present[:, None], features.values, np.float32(0))
    return replace(features, values=values, present=present, flags=flags)


def _counts(
    text: Corpus, split: str, chosen: Int[np.ndarray, " utterance"], donors: Donors
) -> dict[str, Any]:
    """Returns what the record says of a split."""
    lent = [
        (utterance, number)
        for (dialogue, utterance), number in zip(text.utterances(), chosen.tolist(), strict=True)
        if dialogue.split == split and number >= 0
    ]
    used = [donors.all[number] for _, number in lent]
    pairs = zip(lent, used, strict=True)
    return {
        "utterances": len(lent),
        "of_their_emotion": sum(donor.emotion == u.emotion for (u, _), donor in pairs),
        "donors": sum(donor.split == split for donor in donors.all),
        "different_donors": len({number for _, number in lent}),
        "people": len({donor.person for donor in used} - {""}),
        "by_source": dict(sorted(Counter(donor.source for donor in used).items())),
    }


def _dialogues(
    text: Corpus,
    hidden: Bool[np.ndarray, " utterance"],
    donors: Mapping[str, tuple[Donor | None, ...]],
) -> tuple[Dialogue, ...]:
    """Returns the dialogues with the donors' recordings in place of their own."""
    nobody = (None,) * len(text)
    lent = zip(donors.get("audio", nobody), donors.get("visual", nobody), strict=True)
    spoken = []
    for (_, own), silent, (voice, face) in zip(text.utterances(), hidden, lent, strict=True):
        seen = face.utterance if face else Utterance(0, "nobody")
        spoken.append(
            replace(
                own,
                text=None if silent else own.text,
                audio_media=recording_of(voice.utterance) if voice else None,
                **{name: getattr(seen, name) for name in ("media", "start_s", "end_s", "half")},
            )
        )
    following = iter(spoken)
    return tuple(
        replace(dialogue, utterances=tuple(islice(following, len(dialogue.utterances))))
        for dialogue in text.dialogues
    )
