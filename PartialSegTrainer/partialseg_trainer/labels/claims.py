"""What one annotation says about one label: in, out, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

import numpy as np

from .scheme import LabelScheme


class Claim(Enum):
    """What is said about a voxel and a label."""

    OUT = 0
    IN = 1
    NOTHING = 2


class Observation(NamedTuple):
    """The annotation of one label: at each voxel an outcome, and what each outcome claims.

    `outcome` is a uint8 volume with values below ``len(claims)``.
    """

    channel: int
    outcome: np.ndarray
    claims: tuple[Claim, ...]

    def allowed(self, scheme: LabelScheme) -> np.ndarray:
        """(R, L) bool: the leaves that each of the R outcomes leaves possible."""
        return np.array([claimed_leaves(scheme, {self.channel: claim}) for claim in self.claims])


def claimed_leaves(scheme: LabelScheme, claims: Mapping[int, Claim]) -> np.ndarray:
    """(L,) bool: the leaves that agree with all the claims (by channel)."""
    possible = np.ones(scheme.n_leaves, dtype=bool)
    for channel, claim in claims.items():
        if claim is Claim.IN:
            possible &= scheme.membership[channel]
        elif claim is Claim.OUT:
            possible &= ~scheme.membership[channel]
    return possible
