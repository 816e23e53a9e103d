"""One's own recordings, tables and archives -> ``Corpus``."""
