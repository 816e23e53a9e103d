"""The scores by name, and in the words of every table and page."""

from collections.abc import Mapping
from types import MappingProxyType

WORDS: Mapping[str, str] = MappingProxyType(
    {
        "weighted_f1": "weighted F1",
        "macro_f1": "macro F1",
        "accuracy": "accuracy",
        "uar": "UAR",
        "ece": "ECE",
    }
)
"""Every score in words. UAR: unweighted average recall; ECE: expected calibration error."""

SCORES = ("weighted_f1", "macro_f1", "accuracy", "uar")
"""Those that a confusion matrix gives; all are in [0, 1]."""
