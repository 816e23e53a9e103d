"""The command line in this process: what a user's words end with."""

import sys

import pytest

from synctva import cli


def call(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    """Runs `synctva` with some words; returns its exit code."""
    monkeypatch.setattr(sys, "argv", ["synctva", *map(str, words)])
    try:
        cli.main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0
