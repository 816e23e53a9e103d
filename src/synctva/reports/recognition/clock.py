"""Times as people write them."""


def clock(time_s: float, duration_s: float) -> str:
    """Returns a time in a recording of that length, such as 1:02, or 0:01:02 in hours of it."""
    seconds = int(time_s)
    minutes = f"{seconds // 60 % 60}:{seconds % 60:02}"
    if duration_s < 3600:
        return minutes
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def length(time_s: float) -> str:
    """Returns a length in words, such as 12 s, 3 min 05 s or 2 h 01 min."""
    seconds = round(time_s)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02} s"
    return f"{seconds // 3600} h {seconds // 60 % 60:02} min"
