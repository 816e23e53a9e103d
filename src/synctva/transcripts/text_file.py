"""A file of annotations -> its text."""

from pathlib import Path

from synctva.errors import InputError

LARGEST_BYTES = 32 << 20
"""A file of annotations that is larger than this is none."""


def text_of(path: Path) -> str:
    """Returns a file's text, with line feeds alone at the ends of lines.

    Raises:
        InputError: It is too large, or not there, or not text in UTF-8.
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise InputError(f"{path}: larger than {LARGEST_BYTES >> 20} MiB; divide the recording")
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
        is_wide = content[:2] in (b"\xff\xfe", b"\xfe\xff") and path.suffix.lower() == ".textgrid"
        text = content.decode("utf-16" if is_wide else "utf-8-sig")  # Praat writes both
    except OSError as error:
        told = "no such file" if isinstance(error, FileNotFoundError) else f"{error.strerror}"
        raise InputError(f"{path}: {told}; give a transcript that can be read") from error
    except UnicodeDecodeError as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(f"{path}: not read as text in UTF-8 ({reason}); convert it") from error
    if "\0" in text:
        raise InputError(f"{path}: not text in UTF-8; convert it")
    return text.replace("\r\n", "\n").replace("\r", "\n")
