"""Sync-TVA: the emotion of every utterance in a conversation, from text, audio and video."""
