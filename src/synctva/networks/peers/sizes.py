"""What sizes and rates of the peers may be; a recipe with others is refused."""

from typing import Annotated

from pydantic import Field

Count = Annotated[int, Field(ge=1)]
"""How many, or how wide."""

Even = Annotated[int, Field(ge=2, multiple_of=2)]
"""How wide, where two directions or sine and cosine share it."""

Reach = Annotated[int, Field(ge=0)]
"""How many utterances back or ahead."""

Rate = Annotated[float, Field(ge=0, lt=1)]
"""A share, such as that of a dropout."""

Weight = Annotated[float, Field(ge=0)]
"""The weight of a term."""
