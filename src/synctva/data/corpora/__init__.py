"""Published corpora -> ``Corpus``, a file each."""
