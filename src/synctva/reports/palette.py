"""The look of every figure: one palette for runs, one for emotions, and a quiet ground.

Hues follow Okabe and Ito, for the colour-blind, adjusted to read on white and on near-black.
"""

from collections.abc import Iterable

from synctva.emotions import EmotionSchema

RUN_COLOURS = ("#2f78c4", "#e08a00", "#009e73", "#d0529a", "#7a5fd0", "#56b4e9", "#8a8f98")
"""Colours of runs; later runs repeat them under a pattern."""

RUN_PATTERNS = ("", "/", ".", "x")
"""Bar patterns, one for each time the colours have been used up."""

EMOTION_COLOURS = {
    "neutral": "#8a8f98",
    "surprise": "#56b4e9",
    "fear": "#7a5fd0",
    "sadness": "#2f78c4",
    "joy": "#e08a00",
    "disgust": "#009e73",
    "anger": "#d55e00",
    "excited": "#c9b400",
    "frustrated": "#a0522d",
    "calm": "#4c9f9f",
    "boredom": "#6d5a4b",
    "positive": "#e08a00",
    "negative": "#2f78c4",
}
"""Colours of emotions, by canonical name."""

WEIGHTED, MACRO, CHOSEN, GREY = "#2f78c4", "#e08a00", "#d55e00", "#8a8f98"
"""Colours of weighted F1, of macro F1, of the chosen epoch, and of what stays in the back."""

INK, GRID = "#1d2430", "rgba(128, 136, 150, 0.26)"
"""Text (a page may override it) and grid lines (visible on any ground)."""

SHARES = ((0, "rgba(47, 120, 196, 0.05)"), (1, "rgba(32, 94, 164, 1)"))
"""Colour scale of shares: from the ground to a blue on which white text reads."""

LAYOUT = {
    "template": "none",
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "font": {"family": "system-ui, sans-serif", "size": 13, "color": INK},
    "hoverlabel": {"bgcolor": INK, "bordercolor": INK, "font": {"color": "#ffffff"}},
    "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"},
    "margin": {"l": 8, "r": 16, "t": 28, "b": 8},
    "dragmode": False,
    "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": GREY, "activecolor": GREY},
}
"""What all figures share. Axes find their own room: see ``AXIS``."""

AXIS = {
    "gridcolor": GRID,
    "zeroline": False,
    "fixedrange": True,
    "automargin": True,
    "ticks": "",
    "ticklabelstandoff": 5,
    "title": {"font": {"size": 13}},
}
"""What all axes share; they are fixed, so that a finger on a phone scrolls the page."""


def run_colour(number: int) -> str:
    """Returns the colour of the run with that number."""
    return RUN_COLOURS[number % len(RUN_COLOURS)]


def run_pattern(number: int) -> str:
    """Returns the bar pattern of the run with that number."""
    return RUN_PATTERNS[number // len(RUN_COLOURS) % len(RUN_PATTERNS)]


def emotion_colours(schema: EmotionSchema, emotions: Iterable[str]) -> list[str]:
    """Returns the colours of emotions under a schema's own names; grey for an unknown one."""
    canonical = schema.mapping(EmotionSchema("palette", tuple(EMOTION_COLOURS)))
    return [EMOTION_COLOURS[canonical[emotion] or "neutral"] for emotion in emotions]
