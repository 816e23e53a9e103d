"""The networks that Sync-TVA is compared with, one per file."""
