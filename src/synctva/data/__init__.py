"""Corpora on disk -> ``Corpus``: one file per corpus or format, and the doctor that checks them."""
