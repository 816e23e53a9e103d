"""Run folder -> scores: the honest protocol."""
