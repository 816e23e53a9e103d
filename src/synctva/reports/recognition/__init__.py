"""The report of one recording: who expressed what when, on one page that plays it."""

from synctva.reports.recognition.page import write_report

__all__ = ["write_report"]
