"""Corpora that are made here: planted, composed, and the playhouse."""
