"""Encoders that are fine-tuned jointly: tokens, crops of faces or sound in, features out."""
