"""What Sync-TVA is held against, a network a file."""
