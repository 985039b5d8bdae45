"""Which networks there are, their sizes, and what they take; described without PyTorch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


@dataclass(frozen=True)
class NetworkKind:
    """What is fixed about a network, whatever its size.

    `dimensions` is 2 for a network that sees slices, 3 for one that sees blocks. `width` and
    `depth` are those of its usual size, `depths` the fewest and the most levels it can have;
    `stem` is by how much its first level is coarser than the image.
    """

    dimensions: int
    width: int
    depth: int
    depths: tuple[int, int]
    stem: int = 1


NETWORK_KINDS = {
    "unet": NetworkKind(dimensions=2, width=16, depth=5, depths=(1, 8)),
    "segformer": NetworkKind(dimensions=2, width=32, depth=4, depths=(1, 4), stem=4),
    "dynunet": NetworkKind(dimensions=3, width=16, depth=5, depths=(3, 8)),
}


class NetworkSettings(BaseModel):
    """Which network, and how large.

    `width` is the number of filters of the first level, `depth` that of levels; where they are not
    given, they are those of the network's usual size.
    """

    model_config = ConfigDict(extra="forbid")

    name: str = "unet"
    width: int = Field(default=16, ge=1)
    depth: int = Field(default=5, ge=1)

    @model_validator(mode="before")
    @classmethod
    def _usual_size(cls, content: Any) -> Any:
        name = content.get("name") if isinstance(content, dict) else None
        if not isinstance(name, str) or name not in NETWORK_KINDS:
            return content
        kind = NETWORK_KINDS[name]
        return {"width": kind.width, "depth": kind.depth, **content}

    @field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in NETWORK_KINDS:
            raise ValueError(f"expected one of {', '.join(NETWORK_KINDS)}")
        return name

    @model_validator(mode="after")
    def _can_be_built(self) -> NetworkSettings:
        fewest, most = self._kind.depths
        if not fewest <= self.depth <= most:
            raise ValueError(f"{self.name} can have a depth of {fewest} to {most}")
        return self

    @property
    def dimensions(self) -> int:
        """2 for a network that sees slices, 3 for one that sees blocks of them."""
        return self._kind.dimensions

    @property
    def divisor(self) -> int:
        """What every side of an image must be a multiple of."""
        return self._kind.stem * 2 ** (self.depth - 1)

    @property
    def _kind(self) -> NetworkKind:
        return NETWORK_KINDS[self.name]
