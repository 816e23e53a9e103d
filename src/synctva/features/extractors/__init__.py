"""What makes features: of words, of sound, of pictures."""
