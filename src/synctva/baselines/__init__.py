"""Peers of Sync-TVA, one file each: the same batch in, the same output out."""
