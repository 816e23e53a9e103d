"""File formats -> columns, arrays and rows; each fault is reported with its file and row."""
