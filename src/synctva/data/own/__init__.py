"""Own recordings, tables and archives -> ``Corpus``."""
