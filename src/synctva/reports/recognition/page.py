"""One self-contained HTML page about one recording: it plays, and shows who expressed what when.

The page asks the network for nothing, and its content policy forbids it to: recording, script and
style are inside. Every name and text passes Jinja's escaping.
"""

import hashlib
import json
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any

from synctva.emotions import MODALITIES, EmotionSchema
from synctva.errors import InputError
from synctva.files import write_text
from synctva.inference.export.places import recording_of
from synctva.inference.progress import Progress, unseen
from synctva.inference.recognition import UNSURE, RecognisedUtterance, Recognition
from synctva.reports.palette import EMOTION_COLOURS, emotion_colours
from synctva.reports.recognition.clock import length
from synctva.reports.recognition.exports import exports_of, packed
from synctva.reports.recognition.moments import strongest
from synctva.reports.recognition.player import Player, player_for
from synctva.reports.recognition.rows import AGAINST, NOTHING, TranscriptRow, rows_of
from synctva.reports.recognition.speakers import Share, shares_of, speakers_of
from synctva.reports.templating import environment
from synctva.transcripts.segment import writable
from synctva.work import Engine

FOLDED = 6
"""If there are more speakers, those who speak least are folded."""


def write_report(
    recognition: Recognition,
    path: Path,
    *,
    recording: Path | None = None,
    blur: bool = False,
    sound_track: str | None = None,
    title: str | None = None,
    progress: Progress = unseen,
    apart: Engine | None = None,
) -> list[Path]:
    """Writes the page about a recording.

    The recording is put into the page. If browsers do not play it, if it is large, or if its faces
    are to be blurred, a small copy is made first. What is still too large lies beside the page, as
    ``NAME.preview.mp4`` (``NAME.preview-2.mp4`` if another file has that name) or where it was.

    Args:
        recognition: What was recognised.
        path: The page, ``NAME.html``; its folder is made if need be.
        recording: What is played; None for a page without.
        blur: Whether faces are made unrecognisable; the recording itself is not put into the page
            or named in it then.
        sound_track: The number, language or title of the one that is heard; None = that which a
            player plays.
        title: Of the page; None for the recording's name, where faces are blurred the page's own.
        progress: Shows how many seconds of a small copy are done.
        apart: The process that looks at recordings, of :func:`synctva.media.apart`, kept for
            several; None = one for this recording.

    Returns:
        The paths written, the page first.

    Raises:
        InputError: ``path`` is not that of a page or cannot be written, or the recording cannot be
            read; there is no page then.
    """
    path = Path(path)
    if path.suffix.lower() != ".html" or path.is_dir():
        raise InputError(f"{path}: a report is a file whose name ends in .html, as in talk.html")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        player = None
        if recording is not None:
            player = player_for(
                Path(recording),
                path,
                blur=blur,
                sound_track=sound_track,
                progress=progress,
                apart=apart,
            )
        name = path.stem if blur else Path(recognition.media).stem
        shown = _nameless(recognition) if blur else recognition
        write_text(path, writable(render_page(shown, player, title or name)))
    except OSError as error:
        raise InputError(
            f"{path}: cannot be written ({error.strerror}); name a file in another folder"
        ) from error
    return [path, *([player.file] if player and player.file else [])]


def _nameless(recognition: Recognition) -> Recognition:
    """Returns a recognition without the names of its files, in its notes too."""
    place = f"{recognition.media}: "
    utterances = (replace(u, note=u.note.replace(place, "")) for u in recognition.utterances)
    note = recognition.note.rpartition(": ")[2]
    return replace(recognition, media="", utterances=tuple(utterances), note=note)


def render_page(recognition: Recognition, player: Player | None, title: str) -> str:
    """Returns the page."""
    rows = rows_of(recognition)
    names = recognition.emotions
    if any(row.emotion == NOTHING for row in rows):
        names = (*names, NOTHING)
    looks = _looks(names)
    present = {m for u in recognition.utterances for m in u.contributions}
    shares = shares_of(recognition, recognition.utterances)
    speakers = speakers_of(recognition)
    exports = exports_of(recognition) if rows else {}
    return (
        environment()
        .get_template("recognition.html")
        .render(
            title=title,
            recognition=recognition,
            recording_name=Path(recognition.media).name,
            player=player,
            lead=_lead(recognition, shares),
            looks=looks,
            counts=[sum(row.emotion == name for row in rows) for name in names],
            rows=rows,
            has_words=any(row.text for row in rows),
            low=sum(row.is_low for row in rows),
            disagreeing=sum(row.disagrees for row in rows),
            moments=strongest(rows, names),
            exports=list(exports),
            packed=packed(exports),
            low_percent=round(100 * UNSURE),
            against_points=round(-100 * AGAINST),
            speakers=speakers,
            folded=FOLDED,
            present=[m for m in MODALITIES if m in present],
            absent=[m for m in MODALITIES if present and m not in present],
            data=_data(recognition, rows, looks, [one.name for one in speakers])
            | _named(recognition, title)
            | {"waveform": b64encode(player.waveform if player else b"").decode()},
        )
    )


def _lead(recognition: Recognition, shares: list[Share]) -> list[str]:
    """Returns the facts of the first line."""
    speakers, utterances = len(recognition.speakers), len(recognition.utterances)
    ends_s = (utterance.end_s for utterance in recognition.utterances)
    lasts = [length(max([recognition.duration_s, *ends_s]))] if recognition.has_times else []
    if not utterances:
        return [*lasts, "no speech found"]
    common = " and ".join(f"{share.emotion} {share.percent} %" for share in shares[:2])
    return [
        *lasts,
        f"{speakers} speaker{'s' * (speakers > 1)}",
        f"{utterances:,} utterance{'s' * (utterances > 1)}",
        f"mainly {common}",
    ]


def _known(utterance: RecognisedUtterance, row: TranscriptRow, count: int) -> list[float]:
    """Returns an utterance's probabilities for the page, of what has no evidence none."""
    if row.emotion == NOTHING:
        return [0.0] * (count - 1) + [1.0]
    own = [round(p, 4) for p in utterance.probabilities]
    return own + [0.0] * (count - len(own))


def _looks(emotions: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """Returns for every emotion its colour, the colour of text on it, and its drawn face."""
    schema = EmotionSchema("recognised", emotions)
    faces = schema.mapping(EmotionSchema("faces", tuple(EMOTION_COLOURS)))
    return {
        name: {"colour": colour, "ink": _ink_on(colour), "face": faces[name] or "neutral"}
        for name, colour in zip(emotions, emotion_colours(schema, emotions), strict=True)
    }


def _ink_on(colour: str) -> str:
    """Returns black or white, whichever reads better on a colour (WCAG's relative luminance)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    luminance = sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return "#ffffff" if luminance < 0.179 else "#000000"


def _named(recognition: Recognition, title: str) -> dict[str, str]:
    """Returns what corrections are kept and downloaded under, and what they are of."""
    times = [(u.start_s, u.end_s, u.speaker) for u in recognition.utterances]
    known = json.dumps([recognition.fingerprint, recognition.media, times])
    return {
        "key": hashlib.sha256(known.encode()).hexdigest()[:16],
        "name": title,
        "recording": Path(recognition.media).name if recording_of(recognition) else "",
    }


def _data(
    recognition: Recognition,
    rows: list[TranscriptRow],
    looks: dict[str, dict[str, str]],
    speakers: list[str],
) -> dict[str, Any]:
    """Returns what the page's script knows: all numbers; texts and names are in the page.

    Turns without times stand one after another, each as long as the others.
    """
    spans = [(u.start_s, u.end_s) for u in recognition.utterances]
    if not recognition.has_times:
        spans = [(float(number), number + 1.0) for number in range(len(spans))]
    numbers = {name: number for number, name in enumerate(speakers)}
    return {
        "duration": max([recognition.duration_s, *(end_s for _, end_s in spans), 0.001]),
        "turns": not recognition.has_times,
        "against": AGAINST,
        "emotions": [{"name": name, **look} for name, look in looks.items()],
        "utterances": [
            [
                round(start_s, 3),
                round(end_s, 3),
                numbers[utterance.speaker],
                list(looks).index(row.emotion),
                row.is_low + 2 * row.disagrees,
                _known(utterance, row, len(looks)),
                [
                    None if (c := utterance.contributions.get(m)) is None else round(c, 4)
                    for m in MODALITIES
                ],
            ]
            for (start_s, end_s), utterance, row in zip(
                spans, recognition.utterances, rows, strict=True
            )
        ],
    }
