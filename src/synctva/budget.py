"""How large a file that somebody else made may become: the budget of every format, in one place.

A few bytes can stand for gigabytes, so that reading them would take all memory or for ever. What a
file would become is checked against its budget before it is made. The limits of a recording are in
``synctva.media.limits``.
"""

from dataclasses import dataclass

from synctva.errors import InputError


@dataclass(frozen=True)
class Budget:
    """How much a file may become in memory.

    Attributes:
        growth: Bytes of result for each byte of the file.
        free_bytes: Bytes of result that any file may have, however small it is.
        most_bytes: Bytes of result that no file may exceed.
    """

    growth: int
    free_bytes: int
    most_bytes: int

    def bytes_of(self, file_bytes: int) -> int:
        """Returns how many bytes a file of that size may become."""
        return min(self.most_bytes, self.free_bytes + self.growth * file_bytes)

    def check(self, place: object, wanted_bytes: int, file_bytes: int) -> None:
        """Checks that a file may become that large.

        Args:
            place: The file, for the error.
            wanted_bytes: What it would become.
            file_bytes: Its size.

        Raises:
            InputError: It may not.
        """
        if wanted_bytes > self.bytes_of(file_bytes):
            raise InputError(
                f"{place}: unfolds from {file_bytes:,} bytes to {wanted_bytes:,}, which is refused;"
                " write it again without such repetition, or divide it"
            )


PICKLE = Budget(growth=32, free_bytes=64 << 20, most_bytes=64 << 30)
"""For what a pickle makes: arrays by their values, other objects by what Python takes for them."""

ARCHIVE = Budget(growth=64, free_bytes=256 << 20, most_bytes=16 << 30)
"""For NumPy's archives, whose zeros compress well."""

PARQUET = Budget(growth=64, free_bytes=256 << 20, most_bytes=16 << 30)
"""For Parquet files, in which a value that is in every row is written once."""

TEXT_BYTES = 32 << 20
"""A larger file of JSON, TOML or annotations is refused: each byte may become some thirty."""

COLUMNS = 100_000
"""A table of more columns is refused: each takes some four thousand bytes, whatever is in it."""

TOML_BYTES = 1 << 20
"""A larger file of TOML is refused: it is read slowly, and nobody's settings are so long."""

NESTED = 100
"""How deep values may be nested."""
