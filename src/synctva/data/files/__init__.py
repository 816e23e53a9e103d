"""File formats -> columns, arrays and rows, each fault told with its file and row."""
