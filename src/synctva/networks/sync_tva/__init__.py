"""The Sync-TVA network, a part a file."""
