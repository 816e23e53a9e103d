"""Encoders that are trained along: tokens, crops of faces or sound in, features out."""
