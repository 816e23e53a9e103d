"""A recognition as JSON, without loss: read again, it is the same."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from synctva.errors import DAMAGE, InputError
from synctva.inference.recognition import Recognition
from synctva.tables import read_json
from synctva.transcripts.whisper import RECOGNITION

FORMAT = RECOGNITION


def json_bytes(recognition: Recognition, path: Path) -> bytes:
    """Returns the content of a JSON file."""
    text = json.dumps(json_content(recognition), indent=2, ensure_ascii=False) + "\n"
    return text.encode("utf-8", "backslashreplace")  # what no text can hold, JSON writes \udc80


def json_content(recognition: Recognition) -> dict[str, Any]:
    """Returns the fields of a recognition, each utterance with its emotion."""
    content = {"format": FORMAT, **asdict(recognition)}
    for utterance, written in zip(recognition.utterances, content["utterances"], strict=True):
        written["emotion"] = recognition.emotion_of(utterance)
        words = written.pop("words")
        if words:  # as WhisperX writes them
            written["words"] = [
                {"word": w["text"], "start": w["start_s"], "end": w["end_s"]} for w in words
            ]
    return content


def is_recognition(path: Path) -> bool:
    """Returns whether a JSON file says that it is a recognition."""
    try:
        content = read_json(path)
    except InputError:
        return False
    return isinstance(content, dict) and content.get("format") == FORMAT


def read_recognition(path: Path) -> Recognition:
    r"""Returns the recognition in a JSON file that ``write_recognition`` has written.

    Raises:
        InputError: It is no such file, or damaged, or an emotion in it was corrected: then it no
            longer says what was recognised.
    """
    from pydantic import TypeAdapter, ValidationError

    content = read_json(path, "no recognition, or damaged")
    try:
        if not isinstance(content, dict) or content.pop("format", None) != FORMAT:
            raise InputError(f"{path}: no recognition; a JSON file of `recognise` is needed")
        for utterance in content["utterances"]:
            utterance["words"] = [
                {"text": w["word"], "start_s": w["start"], "end_s": w["end"]}
                for w in utterance.pop("words", ())
            ]
        found = TypeAdapter(Recognition).validate_python(content)
        _check_uncorrected(path, found, content["utterances"])
        return found
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = " ".join(str(part) for part in first["loc"])
        raise InputError(
            f"{path}: {place}: {first['msg']}; recognise the recording again"
        ) from error
    except InputError:
        raise
    except DAMAGE as error:
        reason = " ".join(str(error).split())[:100]
        raise InputError(f"{path}: no recognition, or damaged ({reason})") from error


def _check_uncorrected(path: Path, found: Recognition, written: Sequence[Any]) -> None:
    for number, (utterance, own) in enumerate(zip(found.utterances, written, strict=True)):
        emotion = own.get("emotion", "") if isinstance(own, dict) else ""
        if emotion and emotion != found.emotion_of(utterance):
            raise InputError(
                f"{path}: utterances {number}: emotion {str(emotion)[:40]!r} is not what its"
                " probabilities tell; a corrected file goes where corrections go: `import`, or"
                " `evaluate RECOGNITION --against` it"
            )
