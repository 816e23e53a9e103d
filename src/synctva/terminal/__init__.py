"""What people see in the terminal: lines, tables and progress bars."""

from synctva.terminal.bars import progress, seeds_progress
from synctva.terminal.console import (
    escape,
    is_watched,
    live,
    print_json,
    print_json_line,
    print_table,
    say,
    show,
    tell,
    tell_warnings,
)
from synctva.terminal.corpora import show_corpus, show_filled, show_findings, show_verified
from synctva.terminal.scores import (
    show_comparisons,
    show_evaluation,
    show_face_scores,
    show_scores,
)

__all__ = [
    "escape",
    "is_watched",
    "live",
    "print_json",
    "print_json_line",
    "print_table",
    "progress",
    "say",
    "seeds_progress",
    "show",
    "show_comparisons",
    "show_corpus",
    "show_evaluation",
    "show_face_scores",
    "show_filled",
    "show_findings",
    "show_scores",
    "show_verified",
    "tell",
    "tell_warnings",
]
