"""Corpora on disk -> ``Corpus``."""
