"""The run folder: what training writes, and what evaluation and reports read."""
