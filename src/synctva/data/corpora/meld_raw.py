"""MELD.Raw: where MELD's tables and clips lie, as its archives unpack."""

import logging
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synctva.errors import InputError
from synctva.tables import read_json

CLIPS = {
    "train": "train_splits",
    "valid": "dev_splits_complete",
    "test": "output_repeated_splits_test",
}
"""Split -> the folder of its clips."""

ARCHIVES = {"train": "train", "valid": "dev", "test": "test"}
"""Split -> the folder that its archive may have been unpacked into."""

CORRUPT = frozenset({("train", 125, 3)})
"""Split, dialogue and utterance of MELD's clips that no player opens: they count as missing."""

_CLIP = re.compile(r"dia(\d+)_utt(\d+)\.mp4")
CLIP_NAMES = re.compile(r"(?:final_videos_test)?dia\d+_utt\d+")
"""What all of its clips are called, those of no utterance too."""

ORIGIN_FILE = "playhouse.json"
"""The file that says how a corpus was generated in this layout."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Clips:
    """The clips of a split.

    Attributes:
        folder: Where they lie.
        paths: (dialogue, utterance) -> the clip, absolute.
        others: Names of movies that are called otherwise, such as ``final_videos_test...``.
    """

    folder: Path
    paths: Mapping[tuple[int, int], Path]
    others: tuple[str, ...]


def find_table(source: Path, split: str, file: str) -> Path | None:
    """Returns where in the folder a split's CSV file is; None = nowhere."""
    return next((path for path in _places(source, split, file) if path.is_file()), None)


def find_clips(
    source: Path, split: str, corrupt: Collection[tuple[str, int, int]] = CORRUPT
) -> Clips | None:
    """Returns the clips of a split but the corrupt ones; None where their folder is not there."""
    folders = _places(source, split, CLIPS[split])
    folder = next((path for path in folders if path.is_dir()), None)
    if folder is None:
        return None
    paths, others = {}, []
    for path in sorted(folder.absolute().iterdir()):
        if path.name.startswith(".") or path.suffix.lower() != ".mp4":
            continue  # a Mac leaves a ._name beside every name
        match = _CLIP.fullmatch(path.name)
        if match is None:
            others.append(path.name)
        elif (split, int(match[1]), int(match[2])) not in corrupt:
            paths[int(match[1]), int(match[2])] = path
    return Clips(folder, paths, tuple(others))


def tell_unused(clips: Clips, used: set[tuple[int, int]]) -> None:
    """Logs how many clips belong to no utterance, and are ignored."""
    stray = [path.name for key, path in clips.paths.items() if key not in used]
    unused = [*clips.others, *stray]
    if unused:
        _log.warning(
            "%s: %d clips of no utterance ignored: %s", clips.folder, len(unused), _some(unused)
        )


def read_origin(source: Path) -> dict[str, Any]:
    """Returns how a generated corpus in MELD's layout came about; empty for MELD itself.

    Raises:
        InputError: The file that says it is damaged.
    """
    path = source / ORIGIN_FILE
    if not path.is_file():
        return {}
    origin = read_json(path, "damaged")
    if not isinstance(origin, dict):
        raise InputError(f"{path}: not a JSON object; generate the corpus again")
    return origin


def _places(source: Path, split: str, name: str) -> Iterator[Path]:
    for root in (source, source / "MELD.Raw"):
        yield root / name
        yield root / ARCHIVES[split] / name


def _some(names: list[str]) -> str:
    return ", ".join(names[:2]) + (", ..." if len(names) > 2 else "")
