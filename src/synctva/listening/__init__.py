"""Speech, words and speakers in a recording."""
