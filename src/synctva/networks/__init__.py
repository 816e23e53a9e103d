"""Batch -> logits: Sync-TVA and its peers, side by side, behind one registry."""
