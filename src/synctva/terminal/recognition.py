"""What people see of a recognition in the terminal."""

from rich import box
from rich.table import Table

from synctva.emotions import MODALITIES
from synctva.inference.recognition import UNSURE, Recognition
from synctva.terminal.console import escape

MOST_ROWS = 200
"""Nobody reads more in a terminal; a file holds them all."""


def recognition_table(recognition: Recognition, most: int = MOST_ROWS) -> Table:
    """Returns a row for each utterance: when, who, what, how sure, carried by what, and flags.

    Args:
        recognition: What was recognised.
        most: The most rows; the first ones are shown.
    """
    left_out = len(recognition.utterances) - most
    more = f"; {left_out} more utterances: see --out" if left_out > 0 else ""
    table = Table(
        title=escape(recognition.media)
        + (f": {clock(recognition.duration_s)}" if recognition.has_times else ""),
        caption="text, audio, visual: points that each adds to the probability or takes from it;"
        f" ?: under {UNSURE:.0%}; model {escape(recognition.model)}{more}",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("time" if recognition.has_times else "turn", no_wrap=True)
    table.add_column("speaker", overflow="ellipsis", max_width=20, no_wrap=True)
    table.add_column("emotion", no_wrap=True)
    for column in ("%", *MODALITIES):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("flags", overflow="fold")
    for number, utterance in enumerate(recognition.utterances[:most], start=1):
        time = f"{clock(utterance.start_s)}-{clock(utterance.end_s)}"
        carried, sure = utterance.contributions, max(utterance.probabilities)
        emotion = recognition.emotion_of(utterance)
        told = "[dim]-[/dim]" if emotion is None else escape(emotion)
        table.add_row(
            time if recognition.has_times else f"{number}",
            escape(utterance.speaker),
            told if emotion is None or sure >= UNSURE else f"[dim]{told}?[/dim]",
            "[dim]-[/dim]" if emotion is None else f"{100 * sure:.0f}",
            *(f"{100 * carried[m]:+.0f}" if m in carried else "[dim]-[/dim]" for m in MODALITIES),
            escape(" ".join(utterance.flags)),
        )
    return table


def clock(time_s: float) -> str:
    """Returns a time as people read it: ``1:02.5``, or ``1:00:02.5`` after an hour.

    >>> clock(62.5), clock(3602.46)
    ('1:02.5', '1:00:02.5')
    """
    tenths = round(10 * time_s)
    hours, minutes, seconds = tenths // 36_000, tenths // 600 % 60, tenths % 600 / 10
    return f"{hours}:{minutes:02}:{seconds:04.1f}" if hours else f"{minutes}:{seconds:04.1f}"
