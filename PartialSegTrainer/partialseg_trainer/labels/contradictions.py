"""Contradictions: annotations that leave a voxel no leaf, explained in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import UserError
from .claims import Claim, Observation, claimed_leaves
from .scheme import LabelScheme


@dataclass(frozen=True)
class Contradiction:
    """Labels that exclude each other in some voxels, and one such voxel.

    `labels` are the names involved, `voxels` their count, `index` the array index of one of them,
    `ras` its position in mm (None if no affine was given), `message` the finding in words.
    """

    labels: tuple[str, ...]
    voxels: int
    index: tuple[int, ...]
    ras: tuple[float, ...] | None
    message: str

    @classmethod
    def explain(
        cls,
        scheme: LabelScheme,
        claims: Mapping[int, Claim],
        voxels: int,
        flat_index: int,
        shape: tuple[int, ...],
        affine: np.ndarray | None,
    ) -> Contradiction:
        """Find the fewest claims that exclude each other and say so."""
        core = _core(scheme, claims)
        labels = tuple(scheme.names[channel] for channel in core)
        return cls._at(labels, _words(scheme, core), voxels, flat_index, shape, affine)

    @classmethod
    def between(
        cls,
        scheme: LabelScheme,
        first: np.ndarray,
        second: np.ndarray,
        voxels: int,
        flat_index: int,
        shape: tuple[int, ...],
        affine: np.ndarray | None,
    ) -> Contradiction:
        """Two annotations of which one leaves other leaves possible, (L,) bool, than the other."""
        first, second = (
            [name for name, possible in zip(scheme.leaf_names, leaves, strict=True) if possible]
            for leaves in (first, second)
        )
        words = f"one annotation says {' or '.join(first)} and another {' or '.join(second)}"
        return cls._at((*first, *second), words, voxels, flat_index, shape, affine)

    @classmethod
    def _at(
        cls,
        labels: tuple[str, ...],
        words: str,
        voxels: int,
        flat_index: int,
        shape: tuple[int, ...],
        affine: np.ndarray | None,
    ) -> Contradiction:
        index = tuple(int(part) for part in np.unravel_index(flat_index, shape))
        ras = None
        place = f"voxel {index}"
        if affine is not None:
            ras = tuple(round(float(x), 3) for x in (np.asarray(affine) @ [*index, 1])[:3])
            place = "RAS ({:.1f}, {:.1f}, {:.1f}) mm".format(*ras)
        count = f"{voxels} voxel{'s' if voxels != 1 else ''}"
        message = f"{words} in {count}, for example at {place}"
        return cls(labels, voxels, index, ras, message)


class ContradictionError(UserError):
    """Annotations exclude each other; `contradictions` lists where and why.

    `which` says what does so, as in "a.nii.gz and b.nii.gz contradict each other".
    """

    def __init__(
        self,
        contradictions: Iterable[Contradiction],
        which: str = "The annotation contradicts itself",
    ):
        self.contradictions = list(contradictions)
        listed = "; ".join(entry.message for entry in self.contradictions)
        super().__init__(f"{which}: {listed}. Correct these places.")


def find_contradictions(
    scheme: LabelScheme,
    where: np.ndarray,
    observations: Sequence[Observation],
    affine: np.ndarray | None,
) -> list[Contradiction]:
    """Explain the voxels of the mask `where`, most frequent conflict first."""
    positions = np.flatnonzero(where)
    outcomes = np.stack([entry.outcome.reshape(-1)[positions] for entry in observations])
    patterns, first, counts = np.unique(outcomes, axis=1, return_index=True, return_counts=True)
    found: dict[tuple[str, ...], Contradiction] = {}
    totals: dict[tuple[str, ...], int] = {}
    for pattern, start, count in zip(patterns.T, first, counts, strict=True):
        claims = {
            entry.channel: entry.claims[outcome]
            for entry, outcome in zip(observations, pattern, strict=True)
        }
        labels = tuple(scheme.names[channel] for channel in _core(scheme, claims))
        totals[labels] = totals.get(labels, 0) + int(count)
        found[labels] = Contradiction.explain(
            scheme, claims, totals[labels], int(positions[start]), where.shape, affine
        )
    return sorted(found.values(), key=lambda entry: -entry.voxels)


def _core(scheme: LabelScheme, claims: Mapping[int, Claim]) -> dict[int, Claim]:
    """Claims that exclude each other, none of which can be left out."""
    core = {channel: claim for channel, claim in claims.items() if claim is not Claim.NOTHING}
    for channel in list(core):
        fewer = {other: claim for other, claim in core.items() if other != channel}
        if not claimed_leaves(scheme, fewer).any():
            core = fewer
    return core


def _words(scheme: LabelScheme, core: Mapping[int, Claim]) -> str:
    inside = [scheme.names[channel] for channel, claim in core.items() if claim is Claim.IN]
    outside = [scheme.names[channel] for channel, claim in core.items() if claim is Claim.OUT]
    if not outside:
        return f"{_listed(inside)} overlap"
    if not inside:
        return f"{_listed(outside)} are all excluded, which leaves nothing"
    if len(inside) == len(outside) == 1 and inside[0] in scheme.descendants(outside[0]):
        return f"{inside[0]} lies outside its super-label {outside[0]}"
    return f"{_listed(inside)} is marked, but none of its parts {_listed(outside)}"


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
