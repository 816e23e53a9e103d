"""A network with all that must travel with it: made, saved, loaded."""
