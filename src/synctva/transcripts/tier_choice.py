"""Which tiers of an annotation file count: those that a user names, and no aligned phones."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from synctva.errors import InputError, did_you_mean
from synctva.transcripts.emotion_tiers import is_emotion
from synctva.transcripts.segment import Segment
from synctva.transcripts.source import Source

PAUSE_S = 0.5
"""Words that an aligner has timed one by one are an utterance up to a pause of this length."""

_ALIGNED = re.compile(
    r"(?:(?P<who>.*\S)\s*[-_:/]\s*)?(?P<what>utterance|word|phone|phoneme)s?", re.I
)
_MAUS = {"ort-mau": "word", "mau": "phone", "kan-mau": "phone"}
_SILENCE = frozenset(("", "sp", "sil", "spn", "<eps>", "<sil>", "<p:>", "<p>", "<nib>", "{sl}"))
"""What aligners write where nobody speaks, or for what they know no phones of."""


def chosen(source: Source, names: Sequence[str]) -> list[str] | None:
    """Returns the tiers that a user has named, in the file's order; None where none was.

    Raises:
        InputError: A name, or a pattern such as ``*_utterance``, fits no tier.
    """
    if not source.tiers:
        return None
    for pattern in source.tiers:
        if not _those_like(pattern, names):
            shown = ", ".join(map(repr, names))
            raise InputError(
                f"{source.path}: no tier {pattern!r}; there are: {shown[:200]}."
                + did_you_mean(pattern, names)
            )
    wanted = {name for pattern in source.tiers for name in _those_like(pattern, names)}
    rest = [name for name in names if name not in wanted]
    if rest:
        _tell(source, rest, "left out, since --tiers names others")
    return [name for name in names if name in wanted]


def _those_like(pattern: str, names: Iterable[str]) -> list[str]:
    own = list(names)
    return [pattern] if pattern in own else [name for name in own if fnmatchcase(name, pattern)]


def without_phones(source: Source, names: Sequence[str]) -> list[str]:
    """Returns tiers without those of phones, which aligners write beside words, and notes it."""
    kinds = {name: _aligned(name) for name in names}
    speakers = {who for who, what in kinds.values() if what in ("word", "utterance")}
    phones = [name for name, (who, what) in kinds.items() if what == "phone" and who in speakers]
    if phones:
        _tell(source, phones, "left out, since phones are no utterances")
    return [name for name in names if name not in phones]


def with_joined_words(
    source: Source, tiers: Mapping[str, Sequence[Segment]], names: Sequence[str]
) -> dict[str, Sequence[Segment]]:
    """Returns tiers by name; single words that an aligner has timed are joined to utterances.

    They are such words if the file has phones of the same speaker too. ``Ada - words`` is then
    ``Ada``'s, and ``words`` nobody's. Where the aligner kept the utterances, these count.

    Args:
        source: The file.
        tiers: What each tier says, with the speakers called by their tiers.
        names: All tiers of the file.
    """
    kinds = {name: _aligned(name) for name in names}
    phones = {who for who, what in kinds.values() if what == "phone"}
    whole = {who for name, (who, what) in kinds.items() if what == "utterance" and name in tiers}
    found: dict[str, Sequence[Segment]] = {}
    for name, segments in tiers.items():
        who, what = kinds[name]
        if what not in ("word", "utterance") or who not in phones:
            found[name] = segments
        elif what == "utterance":
            found[name] = [_of(one, who, name) for one in segments]
        elif who in whole:
            _tell(source, [name], "left out, since the utterances are there too")
        else:
            spoken = [_of(one, who, name) for one in segments if _is_word(one)]
            found[name] = _joined(spoken)
            _tell(source, [name], f"with single words, joined up to pauses of {PAUSE_S} s")
    return found


def speaker_tier(name: str) -> str:
    """Returns what a tier is called beside its speaker's others: ``Ada`` of ``Ada - words``."""
    who, what = _aligned(name)
    return who if who and what else name


def _is_word(segment: Segment) -> bool:
    return segment.text.lower() not in _SILENCE


def _of(segment: Segment, who: str, tier: str) -> Segment:
    named = who or (None if segment.speaker == tier else segment.speaker)
    return replace(segment, speaker=named)


def _aligned(name: str) -> tuple[str, str]:
    """Returns whose tier of an aligner's this is, and what it holds; empty for any other tier."""
    if name.lower() in _MAUS:
        return "", _MAUS[name.lower()]
    match = _ALIGNED.fullmatch(name.strip())
    if match is None or is_emotion(name):
        return "", ""
    return match["who"] or "", match["what"].lower().replace("phoneme", "phone")


def _joined(words: Sequence[Segment]) -> list[Segment]:
    groups: list[list[Segment]] = []
    for word in sorted(words, key=lambda one: one.start_s):
        if groups and word.start_s - groups[-1][-1].end_s < PAUSE_S:
            groups[-1].append(word)
        else:
            groups.append([word])
    return [
        replace(
            group[0],
            end_s=max(word.end_s for word in group),
            text=" ".join(word.text for word in group),
        )
        for group in groups
    ]


def tell_shared(source: Source, participants: Mapping[str, Sequence[str]]) -> None:
    """Notes participants with several tiers of words, some of which may hold something else."""
    for who, names in participants.items():
        if len(names) > 1:
            _tell(
                source,
                list(names),
                f"are all read as words of {who!r}; name those that are with --tiers",
            )


def tell_unnamed(source: Source, names: Sequence[str]) -> None:
    """Notes tiers without a participant, in a file where others have one."""
    if names:
        _tell(source, names, "without a participant, read as a speaker's")


def _tell(source: Source, names: Sequence[str], what: str) -> None:
    shown = ", ".join(map(repr, names[:5])) + (" and others" if len(names) > 5 else "")
    source.notes.append(f"tier{'s'[: len(names) > 1]} {shown[:200]} {what}")
