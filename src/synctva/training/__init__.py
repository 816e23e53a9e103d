"""Store + recipe -> run folder."""
