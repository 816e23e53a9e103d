"""Runs of whole sweeps -> results: tables, tests, figures for a paper, and a page."""
