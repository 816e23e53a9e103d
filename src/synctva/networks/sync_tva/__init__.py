"""The Sync-TVA network, one part per file."""
