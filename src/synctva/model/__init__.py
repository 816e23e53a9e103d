"""Batch -> logits: the Sync-TVA network."""
