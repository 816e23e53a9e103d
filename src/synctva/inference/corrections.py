"""Recognitions beside their corrections: which utterance is which, and what it expressed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from synctva.dialogue import NOBODY
from synctva.emotions import EmotionSchema
from synctva.errors import InputError, told_at
from synctva.inference.export.as_json import is_recognition, read_recognition
from synctva.inference.recognition import RecognisedUtterance, Recognition
from synctva.transcripts import READERS, Segment, read_transcript
from synctva.transcripts.segment import one_line

LEAST_OVERLAP = 0.5
"""Utterances are the same if they share this part of the time that either takes."""

ROUNDING_S = 0.001
"""Annotations are written to the millisecond, and none is shorter; so both are widened by one."""

MOST_PAIRS = 1_000_000
"""The most pairs of utterances that are compared: a thousand that are all said at once."""

CORRECTED = tuple(suffix for suffix in READERS if suffix != ".rttm")
"""The formats that can hold emotions."""

RATHER_RESULTS = (".json", ".parquet")
"""In a folder these are corrections only if there is no other file of the name."""


@dataclass(frozen=True)
class Corrected:
    """Recognised utterances beside the emotions that somebody has given them.

    Attributes:
        emotions: The names of the emotions.
        emotion: The number of each utterance's right one.
        probabilities: What was recognised of it.
        counts: ``recordings``; ``matched`` utterances, which are those above; ``renamed``, those of
            them under another speaker's name; ``unlabelled``, where no emotion was given;
            ``only_recognised`` and ``only_corrected``, which the other side has not; ``without
            corrections``, recordings left out.
    """

    emotions: tuple[str, ...]
    emotion: Int[np.ndarray, " utterance"]
    probabilities: Float[np.ndarray, "utterance emotion"]
    counts: dict[str, int]


def corrected(recognised: Path, corrections: Path) -> Corrected:
    """Returns what was recognised beside its corrections.

    Args:
        recognised: A recognition's JSON file, or a folder of them.
        corrections: A file of ``CORRECTED``, or a folder of files of the recognitions' names.

    Raises:
        InputError: A file is missing or broken, an emotion is unknown to the model, nothing fits
            together, nothing is labelled, or recognitions are of different models.
    """
    pairs, left_out = _pairs(Path(recognised), Path(corrections))
    read = [(read_recognition(json), file) for json, file in pairs]
    first = read[0][0]
    parts = []
    for (found, file), (json, _) in zip(read, pairs, strict=True):
        if (found.emotions, found.fingerprint) != (first.emotions, first.fingerprint):
            raise InputError(
                f"{json}: recognised by {found.model}, and {pairs[0][0]} by {first.model} (other"
                " weights); recognise both by one model, or score them one by one"
            )
        parts.append(_held_against(found, file))
    counts = {name: sum(part.counts[name] for part in parts) for name in parts[0].counts}
    if not counts["matched"]:
        raise InputError(
            f"{corrections}: no emotion in it where something was recognised; write some into a"
            " tier with `emotion` in its name, or the column `emotion`"
        )
    return Corrected(
        first.emotions,
        np.concatenate([part.emotion for part in parts]),
        np.concatenate([part.probabilities for part in parts]),
        {"recordings": len(parts), **counts, "without_corrections": left_out},
    )


def match(
    utterances: Sequence[RecognisedUtterance], segments: Sequence[Segment]
) -> list[tuple[int, int]]:
    """Returns which utterances are which segments, by number; each is taken once.

    Pairs of one speaker come first, those that share most time before others. Then whatever is
    left may match under another name, since names are corrected too.

    Raises:
        InputError: Too many are at one time.
    """
    order = np.argsort([utterance.start_s for utterance in utterances], kind="stable")
    starts = np.array([utterances[row].start_s for row in order]) - ROUNDING_S
    ends = np.array([utterances[row].end_s for row in order]) + ROUNDING_S
    candidates: list[tuple[bool, float, int, int]] = []
    for number, (segment, (first, last)) in enumerate(
        zip(segments, _near(starts, segments), strict=True)
    ):
        start_s, end_s = segment.start_s - ROUNDING_S, segment.end_s + ROUNDING_S
        begun, ended = starts[first:last], ends[first:last]
        shared = np.minimum(ended, end_s) - np.maximum(begun, start_s)
        overlap = shared / (np.maximum(ended, end_s) - np.minimum(begun, start_s))
        for place in np.flatnonzero(overlap >= LEAST_OVERLAP).tolist():
            row = int(order[first + place])
            is_other = not _is_same_speaker(utterances[row], segment)
            candidates.append((is_other, -float(overlap[place]), row, number))
    rows, numbers, pairs = set[int](), set[int](), []
    for _, _, row, number in sorted(candidates):
        if row not in rows and number not in numbers:
            rows.add(row)
            numbers.add(number)
            pairs.append((row, number))
    return sorted(pairs)


def _near(
    starts: Float[np.ndarray, " utterance"], segments: Sequence[Segment]
) -> list[tuple[int, int]]:
    """Returns which utterances, in the order of ``starts``, begin near enough to be each segment.

    One that shares half of the time begins no earlier than a segment's length before it, and no
    later than halfway through it. So a long conversation takes no longer than its length.
    """
    begun = np.array([segment.start_s for segment in segments]) - ROUNDING_S
    lengths = np.array([s.end_s - s.start_s for s in segments]) + 2 * ROUNDING_S
    first = np.searchsorted(starts, begun - lengths - ROUNDING_S, "left")
    last = np.searchsorted(starts, begun + lengths / 2 + ROUNDING_S, "right")
    if int((last - first).sum()) > MOST_PAIRS:
        raise InputError(
            f"{segments[0].place}: too many utterances at one time to tell which is which; are"
            " these corrections of it?"
        )
    return list(zip(first.tolist(), last.tolist(), strict=True))


def _is_same_speaker(utterance: RecognisedUtterance, segment: Segment) -> bool:
    return one_line(utterance.speaker) == (segment.speaker or NOBODY)


def _held_against(found: Recognition, file: Path) -> Corrected:
    if file.suffix.lower() not in CORRECTED:
        raise InputError(f"{file}: no corrections; they are read from {', '.join(CORRECTED)}")
    segments, schema = read_transcript(file), EmotionSchema(found.model, found.emotions)
    pairs = match(found.utterances, segments)
    if not pairs:
        raise InputError(
            f"{file}: none of its {len(segments)} utterances is where one of the"
            f" {len(found.utterances)} recognised is; are they another recording's?"
        )
    labelled = [(row, number) for row, number in pairs if segments[number].emotion]
    emotion = np.zeros(len(labelled), dtype=np.int64)
    for place, (_, number) in enumerate(labelled):
        segment = segments[number]
        with told_at(lambda segment=segment: segment.place):
            emotion[place] = schema.number(segment.emotion or "")
    rows = [found.utterances[row].probabilities for row, _ in labelled]
    renamed = (not _is_same_speaker(found.utterances[row], segments[n]) for row, n in labelled)
    counts = {
        "matched": len(labelled),
        "renamed": sum(renamed),
        "unlabelled": len(pairs) - len(labelled),
        "only_recognised": len(found.utterances) - len(pairs),
        "only_corrected": len(segments) - len(pairs),
    }
    probabilities = np.array(rows, dtype=np.float64).reshape(len(rows), len(found.emotions))
    return Corrected(found.emotions, emotion, probabilities, counts)


def _pairs(recognised: Path, corrections: Path) -> tuple[list[tuple[Path, Path]], int]:
    """Returns recognitions with their corrections, and how many recognitions have none."""
    for path in (recognised, corrections):
        if not path.exists():
            raise InputError(f"{path}: no such file or folder; correct the path")
    if not recognised.is_dir() and not corrections.is_dir():
        if recognised.samefile(corrections) and is_recognition(recognised):
            raise InputError(f"{corrections}: the recognition itself; name its corrected copy")
        return [(recognised, corrections)], 0
    if not (recognised.is_dir() and corrections.is_dir()):
        raise InputError(
            f"{recognised} against {corrections}: a folder against a file; name two files, or two"
            " folders"
        )
    files = sorted(path for path in recognised.rglob("*.json") if is_recognition(path))
    own = _by_name(corrections)
    found = [(path, own.get(path.relative_to(recognised).with_suffix(""))) for path in files]
    pairs = [(path, file) for path, file in found if file and not file.samefile(path)]
    if not pairs:
        raise InputError(
            f"{corrections}: no file of a recognition's name in it ({len(files)} recognitions in"
            f" {recognised}); corrections of talk.json are talk.eaf, talk.csv or such"
        )
    return pairs, len(files) - len(pairs)


def _by_name(corrections: Path) -> dict[Path, Path]:
    """Returns the files of a folder and below that can be corrections, by path without suffix."""
    own: dict[Path, Path] = {}
    for path in sorted(corrections.rglob("*")):
        if not path.is_file() or path.name.startswith(".") or path.suffix.lower() not in CORRECTED:
            continue
        name = path.relative_to(corrections).with_suffix("")
        if path.suffix.lower() == ".json" and not is_recognition(path):
            continue
        other = own.get(name)
        if other is None or other.suffix.lower() in RATHER_RESULTS:
            own[name] = path
        elif path.suffix.lower() not in RATHER_RESULTS:
            raise InputError(f"{path}: {other.name} is of the same recording; keep one of them")
    return own
