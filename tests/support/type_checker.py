"""What the import hook of conftest.py checks annotations with."""

from beartype import BeartypeConf, beartype

check = beartype(conf=BeartypeConf(is_pep484_tower=True))
"""Beartype, for which an int is a float as it is for pyright."""
