"""The playhouse: a raw corpus of our own, written, spoken, drawn and filmed by this package."""
