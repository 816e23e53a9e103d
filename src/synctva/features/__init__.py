"""Utterance -> vectors, and the store they are kept in."""
