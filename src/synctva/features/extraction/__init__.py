"""Recordings and words -> a store's features: cached, parallel, resumable."""
