"""Evaluated run folders -> one page with figures and tables."""
