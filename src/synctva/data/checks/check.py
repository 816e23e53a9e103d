"""The dataset doctor: what is wrong or worth knowing in a corpus that could be read.

What the readers refuse (a dialogue in two splits, a turn twice, NaN in features) never gets here:
the readers report it with file and row.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from synctva.corpus import Corpus
from synctva.data.checks.copies import copies
from synctva.data.checks.finding import Finding, some
from synctva.data.checks.official import KNOWN, Count, counts, official_counts
from synctva.data.corpora.facts import Facts
from synctva.dialogue import SPLITS
from synctva.emotions import MODALITIES

LONG_S = 60.0
"""A longer utterance is worth a look."""

LEAST_DIALOGUES = 5
"""Scores on fewer dialogues hardly tell one model from another."""

MOJIBAKE = ("â€", "Ã©", "Ã¨", "ï¿½", "�", *map(chr, range(0x80, 0xA0)))
"""Signs of text that was once read in a wrong encoding."""


def check(corpus: Corpus) -> list[Finding]:
    """Returns all that is wrong or worth knowing in a corpus, errors first."""
    findings = [
        *_against_official(corpus),
        *_splits(corpus),
        *copies(corpus),
        *_texts(corpus),
        *_times(corpus),
        *_media(corpus),
        *_features(corpus),
    ]
    rank = {"error": 0, "warning": 1, "note": 2}
    return sorted(findings, key=lambda finding: rank[finding.severity])


def _against_official(corpus: Corpus) -> Iterator[Finding]:
    if official_counts(corpus) is None:
        yield Finding("note", corpus.name, "not a corpus with known official counts")
        return
    facts, table = KNOWN[corpus.name], counts(corpus)
    official = sum(row.official or 0 for row in table)
    if len(corpus) < official / 2:
        yield Finding(
            "warning",
            corpus.name,
            f"{len(corpus)} utterances, officially {official}: most are missing; or it is another"
            " corpus of the same name: then import it under another --name",
        )
        return
    differing = [row for row in table if row.official not in (None, row.utterances)]
    if differing and _same_total(table):
        differing = []
        yield Finding(
            "warning",
            corpus.name,
            "over all splits the counts are the official ones, in each they are not: the same"
            " utterances in another split; scores compare only with those on this split",
        )
    for row in differing:
        more = row.utterances - (row.official or 0)
        yield Finding(
            "warning",
            f"{row.split} {row.emotion}",
            f"{row.utterances} utterances, officially {row.official}:"
            f" {abs(more)} {'extra' if more > 0 else 'missing'}",
        )
    for split, official in facts.dialogues.items():
        found = sum(dialogue.split == split for dialogue in corpus.dialogues)
        if found != official:
            yield Finding("warning", split, f"{found} dialogues, officially {official}")
    yield from _defects(corpus, facts)


def _same_total(table: Sequence[Count]) -> bool:
    total: Counter[str | None] = Counter()
    for row in table:
        total[row.emotion] += row.utterances - (row.official or 0)
    return not any(total.values())


def _defects(corpus: Corpus, facts: Facts) -> Iterator[Finding]:
    """Yields the known defects of the corpus's utterances that are in it."""
    there = {(dialogue.id, utterance.turn) for dialogue, utterance in corpus.utterances()}
    for (id, turn), defect in facts.defects.items():
        if (id, turn) in there:
            yield Finding("note", f"{id} turn {turn}", f"known defect: {defect}")


def _splits(corpus: Corpus) -> Iterator[Finding]:
    train = corpus.split("train")
    labelled = Counter(d.split for d, u in corpus.utterances() if u.emotion is not None)
    for split in SPLITS:
        number = sum(dialogue.split == split for dialogue in corpus.dialogues)
        if number == 0:
            yield Finding("error", split, "the split is empty; training and scoring need all three")
        elif not labelled[split]:
            needs = "scoring" if split == "test" else "training"
            yield Finding(
                "warning" if split == "test" else "error",
                split,
                f"none of its utterances has an emotion; label some, {needs} needs them",
            )
        elif number < LEAST_DIALOGUES and split != "train":
            yield Finding(
                "warning",
                split,
                f"scores on {number} of {len(corpus.dialogues)} dialogues mean little: give more"
                f" dialogues the split {split!r}, or cross-validate with --fold",
            )
    found = Counter(utterance.emotion for _, utterance in train.utterances())
    for emotion in corpus.schema.emotions if labelled["train"] else ():
        if found[emotion] == 0:
            yield Finding("error", f"train {emotion}", "no utterance to learn this emotion from")
        elif found[emotion] < 0.03 * labelled["train"]:
            yield Finding(
                "note",
                f"train {emotion}",
                f"rare: {100 * found[emotion] / labelled['train']:.1f} %",
            )
    unlabelled = sum(utterance.emotion is None for _, utterance in corpus.utterances())
    if unlabelled:
        yield Finding("note", corpus.name, f"{unlabelled} of {len(corpus)} are unlabelled")


def _texts(corpus: Corpus) -> Iterator[Finding]:
    if not any(utterance.text for _, utterance in corpus.utterances()):
        yield Finding("note", "text", "no utterance has a transcript")
        return
    empty, garbled = [], []
    for dialogue, utterance in corpus.utterances():
        place = f"{dialogue.id} turn {utterance.turn}"
        if not (utterance.text or "").strip():
            empty.append(place)
        elif any(sign in (utterance.text or "") for sign in MOJIBAKE):
            garbled.append(place)
    if empty:
        yield Finding("warning", some(empty), f"{len(empty)} utterances without text")
    if garbled:
        yield Finding(
            "warning",
            some(garbled),
            f"{len(garbled)} texts were read in a wrong encoding somewhere; get a UTF-8 copy",
        )


def _times(corpus: Corpus) -> Iterator[Finding]:
    long, instant = [], []
    for dialogue, utterance in corpus.utterances():
        if utterance.start_s is None or utterance.end_s is None:
            continue
        lasts_s = utterance.end_s - utterance.start_s
        place = f"{dialogue.id} turn {utterance.turn}"
        if lasts_s > LONG_S:
            long.append(f"{place} ({lasts_s:.0f} s)")
        elif lasts_s == 0:
            instant.append(place)
    if long:
        yield Finding("warning", some(long), f"{len(long)} utterances longer than {LONG_S:.0f} s")
    if instant:
        yield Finding("warning", some(instant), f"{len(instant)} utterances end as they start")


def _media(corpus: Corpus) -> Iterator[Finding]:
    """Yields utterances without a recording where others have one, and recordings that are gone."""
    paths = {path for _, u in corpus.utterances() for path in (u.media, u.audio_media) if path}
    lost = {path for path in paths if not Path(path).is_file()}
    bare, gone = defaultdict(list), []
    for dialogue, utterance in corpus.utterances():
        place = f"{dialogue.id} turn {utterance.turn}"
        if utterance.media is None and utterance.audio_media is None:
            bare[dialogue.split].append(place)
        elif {utterance.media, utterance.audio_media} & lost:
            gone.append(place)
    if paths:
        for split, places in bare.items():
            yield Finding(
                "warning", split, f"{len(places)} utterances have no recording: {some(places)}"
            )
    if gone:
        yield Finding(
            "warning",
            some(gone),
            f"the recordings of {len(gone)} utterances are not where they were: put them back, or"
            " import the corpus again",
        )


def _features(corpus: Corpus) -> Iterator[Finding]:
    pairs = [(d, u) for d, u in corpus.utterances()] if corpus.features else []
    for modality in MODALITIES:
        features = corpus.features.get(modality)
        if features is None:
            yield Finding("note", modality, "no features")
            continue
        values = features.values[features.present]
        missing = [pairs[row] for row in np.flatnonzero(~features.present)]
        yield Finding("note", modality, f"{features.dim} features from {features.description.name}")
        if missing:
            places = some([f"{d.id} turn {u.turn}" for d, u in missing])
            yield Finding("note", modality, f"missing in {len(missing)} utterances: {places}")
        flagged = Counter(flag for flags in features.flags for flag in flags.split())
        for flag, number in flagged.items():
            yield Finding("note", modality, f"flag {flag} in {number} utterances")
        for split in SPLITS:
            here = [d.split == split for d, _ in pairs]
            if any(here) and not features.present[here].any():
                yield Finding("error", f"{split} {modality}", "missing in the whole split")
        yield from _values(modality, values)


def _values(modality: str, values: np.ndarray) -> Iterator[Finding]:
    """Yields what is odd in the features of the utterances that have them."""
    if not len(values):
        return
    constant = int((np.ptp(values, axis=0) == 0).sum())
    if constant and len(values) > 1:
        yield Finding("warning", modality, f"{constant} columns are the same in every utterance")
    zero = int((values == 0).all(axis=1).sum())
    if zero:
        yield Finding(
            "warning",
            modality,
            f"{zero} utterances are all zeros; if they stand for missing ones, mark them missing",
        )
