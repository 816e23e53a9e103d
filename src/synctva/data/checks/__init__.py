"""The dataset doctor: what is wrong or worth knowing in a corpus that could be read."""
