"""The server: recordings that are dropped, and talks that are recognised while people speak."""
