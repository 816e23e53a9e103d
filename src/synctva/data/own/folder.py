"""One's own recordings: a folder of clips with a table, or of long recordings with annotations.

Either a CSV file with the column ``clip`` says who says what in which clip (``clip`` is needed;
``dialogue``, else the clip; ``turn``, else the order of the rows; ``speaker``; ``text``;
``emotion``, empty = unlabelled; ``split``; ``start_s`` and ``end_s`` where the clip holds more than
the utterance); several such files may list different clips. Or each recording is a dialogue, and
a file of the same name beside it says who says what when, in any format of ``annotation``. Such a
file may also be named alone; its recording is the one beside it, or the one in its folder that an
ELAN file links. Where no split is said, dialogues are split 80/10/10.
"""

import logging
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from synctva.corpus import Corpus
from synctva.data.files.assemble import UtteranceRow, assemble
from synctva.data.files.clips import (
    MEDIA_SUFFIXES,
    files_with_suffix,
    tell_left_out,
    visible_files,
)
from synctva.data.files.parquet_file import parquet_names
from synctva.data.kind import Kind
from synctva.data.own.clips_table import (
    Placed,
    column_names_of,
    find_tables,
    has_table,
    read_clips,
)
from synctva.emotions import EmotionSchema, schema_for, schema_named
from synctva.errors import InputError, told_at
from synctva.media.local_file import may_be_recording, open_local
from synctva.transcripts import (
    SUFFIXES,
    Belongings,
    belongings,
    linked_recording,
    read_transcript,
    tiers_of_each,
    within,
)
from synctva.transcripts.beside import BY_HAND
from synctva.transcripts.columns import has_times, meanings_of
from synctva.transcripts.table import column_names

UNLABELLED = "meld-7"
"""The schema of recordings in which no emotion is labelled, to recognise them."""


_log = logging.getLogger(__name__)


def read_folder(
    source: Path,
    schema: str | None = None,
    name: str | None = None,
    tiers: Sequence[str] = (),
) -> Corpus:
    """Returns the corpus of one's own recordings.

    Args:
        source: The folder, or its CSV file with the column ``clip``.
        schema: Name of the emotion schema; by default that of the labelled emotions: a registered
            one if it fits, else their alphabetical order; ``meld-7`` where none is labelled.
        name: The corpus's name; the folder's by default.
        tiers: The tiers that count of ELAN and Praat files; see ``read_transcript``.

    Raises:
        InputError: A recording or an annotation is missing or stands twice, a cell or a time is
            not what it should be, an emotion is unknown, or all of an annotation begins when its
            recording is over.
    """
    placed = list(_placed(source, tiers))
    rows = [row for row, _ in placed]
    with told_at(lambda: f"{source}"):
        known = schema_named(schema) if schema else _own_schema(rows)
    if is_annotation(source):
        own_name = source.stem
    else:
        own_name = (source if source.is_dir() else source.parent).resolve().name
    return assemble(name or own_name, known, rows, {}, source, lambda row: placed[row][1]())


def _placed(source: Path, tiers: Sequence[str]) -> Iterator[Placed]:
    """Yields the utterances of a folder or file, dialogue by dialogue, and where they stand."""
    if is_annotation(source):
        recording = _recording_of(source)
        length_s = None if recording is None else _lengths([recording])[recording]
        yield from _spoken(source, source.stem, recording, tiers, length_s)
        return
    tables = [source] if source.is_file() else find_tables(source)
    if not tables:
        yield from _annotated(source, tiers)
        return
    placed = [one for table in tables for one in read_clips(table)]
    if source.is_dir():
        used = {row.media for row, _ in placed}
        unused = [
            p for p in files_with_suffix(source, MEDIA_SUFFIXES) if f"{p.absolute()}" not in used
        ]
        tell_left_out(source, [p.relative_to(source).as_posix() for p in unused], "clips of no row")
    yield from placed


def is_annotation(path: Path) -> bool:
    """Returns whether a file says who says what when in one recording, not in clips."""
    if not path.is_file() or path.suffix.lower() not in (".csv", ".parquet"):
        return path.is_file() and path.suffix.lower() in SUFFIXES
    header = column_names_of(path) if path.suffix.lower() == ".csv" else parquet_names(path)
    return has_times(header) and not {"clip", "dialogue"} & set(meanings_of(header))


def is_own(path: Path) -> bool:
    """Returns whether a folder holds own recordings, or a file says who says what in some."""
    return is_folder(path) if path.is_dir() else has_table(path) or is_annotation(path)


def is_folder(folder: Path, but: Collection[re.Pattern[str]] = ()) -> bool:
    """Returns whether a folder holds own recordings with what belongs to them.

    Args:
        folder: The folder.
        but: Names of recordings, without suffix, that do not count.
    """
    if find_tables(folder):
        return True
    own = [path for path in visible_files(folder) if not any(n.fullmatch(path.stem) for n in but)]
    if any(path.suffix.lower() == ".eaf" for path in own):
        return True
    return bool(_belongings(own).of)


def _own_schema(rows: Sequence[UtteranceRow]) -> EmotionSchema:
    emotions = {(row.emotion or "").strip().lower() for row in rows} - {""}
    if not emotions:
        return schema_named(UNLABELLED)
    if len(emotions) == 1:
        raise InputError(
            f"one emotion only ({min(emotions)!r}); label more, or name a schema with --schema"
        )
    return schema_for(emotions)


def _annotated(folder: Path, tiers: Sequence[str]) -> Iterator[Placed]:
    """Yields the utterances of long recordings, dialogue by dialogue, and where they stand."""
    found = _belongings(sorted(visible_files(folder)))
    if not found.of and not found.alone:
        raise InputError(
            f"{folder}: no CSV file with a column 'clip' in it, and beside no recording a file of"
            f" the same name ({', '.join(SUFFIXES)}); add one"
        )
    spoken = {_dialogue(recording, folder): (recording, of) for recording, of in found.of.items()}
    for paths in found.alone:
        path = paths[0]
        if path.suffix.lower() == ".json":  # many things that are no transcripts are JSON
            continue
        recording = _recording_of(path)
        if recording is None:
            or_clip = "no column 'clip' in it, and " if path.suffix.lower() == ".csv" else ""
            raise InputError(
                f"{path}: {or_clip}no recording of this name beside it; add it, or move this file"
                " away"
            )
        spoken[_dialogue(path, folder)] = (recording, paths)
    _check_recordings(folder, spoken)
    told = {
        dialogue: (recording, _one_of(paths)) for dialogue, (recording, paths) in spoken.items()
    }
    own = tiers_of_each(folder, [annotation for _, annotation in told.values()], tiers)
    lengths = _lengths(recording for recording, _ in told.values())
    for dialogue, (recording, annotation) in sorted(told.items()):
        place = recording.absolute()
        yield from _spoken(annotation, dialogue, place, own[annotation], lengths[recording])


def _check_recordings(folder: Path, spoken: Mapping[str, tuple[Path, tuple[Path, ...]]]) -> None:
    """Refuses recordings for which nothing says who speaks; reports those that are another's."""
    heard, same = {recording for recording, _ in spoken.values()}, []
    for path in files_with_suffix(folder, MEDIA_SUFFIXES):
        if path in heard:
            continue
        if _dialogue(path, folder) not in spoken:
            raise InputError(
                f"{path.absolute()}: no file of this name beside it that says who speaks"
                f" ({', '.join(SUFFIXES)}); add one, or move the recording away"
            )
        same.append(path.relative_to(folder).as_posix())
    others = [path for path in sorted(visible_files(folder)) if may_be_recording(path)]
    unread = [path for path in others if path.suffix.lower() not in MEDIA_SUFFIXES]
    tell_left_out(folder, same, "recordings with the name of another")
    tell_left_out(folder, [path.name for path in unread], "recordings of formats that are not read")


def _belongings(files: Iterable[Path]) -> Belongings:
    """Returns what belongs to which recording; of recordings of one name, the video is last.

    So it is the one that counts where each name is to have one.
    """
    files = list(files)
    rank = {suffix: -number for number, suffix in enumerate(MEDIA_SUFFIXES)}
    media = [path for path in files if path.suffix.lower() in rank]
    media.sort(key=lambda path: (path.with_suffix(""), rank[path.suffix.lower()]))
    return belongings(media, [path for path in files if path.suffix.lower() in SUFFIXES])


def _dialogue(path: Path, folder: Path) -> str:
    return path.relative_to(folder).with_suffix("").as_posix()


def _one_of(paths: tuple[Path, ...]) -> Path:
    """Returns the transcript of a recording; the emotions in two that people wrote may differ."""
    by_hand = [path for path in paths if path.suffix.lower() in BY_HAND]
    if len(by_hand) > 1:
        raise InputError(
            f"{by_hand[0].absolute()}: {by_hand[1].name} says who speaks as well; keep one of the"
            " two"
        )
    first, *others = paths
    tell_left_out(first, [path.name for path in others], "other transcripts of the recording")
    return first.absolute()


def _recording_of(annotation: Path) -> Path | None:
    """Returns the recording beside an annotation, else the one it links; None without either."""
    beside = [path for path in annotation.absolute().parent.iterdir() if path.is_file()]
    media = [path for path in beside if path.suffix.lower() in MEDIA_SUFFIXES]
    if found := list(belongings(media, [annotation.absolute()]).of):
        return min(found, key=lambda path: MEDIA_SUFFIXES.index(path.suffix.lower()))
    return (
        linked_recording(annotation, MEDIA_SUFFIXES)
        if annotation.suffix.lower() == ".eaf"
        else None
    )


def _spoken(
    annotation: Path,
    dialogue: str,
    recording: Path | None,
    tiers: Sequence[str],
    length_s: float | None,
) -> Iterator[Placed]:
    """Yields what an annotation says of a recording, in the order of time."""
    media = None if recording is None else str(recording)
    is_table = annotation.suffix.lower() in (".csv", ".tsv")
    names = meanings_of(column_names(annotation) if is_table else [])
    for meaning, name in names.items():
        if meaning in ("dialogue", "split"):
            raise InputError(
                f"{annotation}: column {name!r} has no meaning beside one recording, which is a"
                " dialogue; remove it, or add a column 'clip' to name the recording of each row"
            )
    read = read_transcript(annotation, tiers)
    segments, outside = (read, "") if length_s is None else within(read, length_s)
    for note in filter(None, (read.note, outside)):
        _log.warning(note)
    for segment in segments:
        row = UtteranceRow(
            dialogue=dialogue,
            speaker=segment.speaker or "speaker",
            emotion=segment.emotion,
            text=segment.text,
            start_s=segment.start_s,
            end_s=segment.end_s,
            media=media,
        )
        yield row, partial(str, segment.place)


def _lengths(recordings: Iterable[Path]) -> dict[Path, float | None]:
    """Returns the length of each recording, in seconds; None of one that cannot be read.

    Its features will tell what is wrong with it.
    """
    from synctva.media import apart, length_of, seen_apart

    found: dict[Path, float | None] = {}
    with apart() as kept:
        for recording in recordings:
            try:
                with open_local(recording):  # what does not begin as a recording needs no process
                    pass
                found[recording] = seen_apart(length_of, recording, kept)
            except InputError:
                found[recording] = None
    return found


KIND = Kind("folder", is_own, read_folder, ("schema", "name", "fold", "tiers"))
