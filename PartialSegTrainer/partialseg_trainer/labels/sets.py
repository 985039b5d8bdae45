"""Label sets: for every voxel, the leaves that it may still be."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property

import numpy as np

from ..errors import UserError
from .claims import Claim, Observation, claimed_leaves
from .contradictions import Contradiction, ContradictionError, find_contradictions
from .encode import compact, count, encode, look_up
from .scheme import LabelScheme
from .status import Status

__all__ = ["Contradiction", "ContradictionError", "LabelSets"]

_CLAIMS = {
    Status.COMPLETE: (Claim.OUT, Claim.IN),
    Status.IN_PROGRESS: (Claim.NOTHING, Claim.IN),
}

_CLAIM_OF_VALUE = (Claim.OUT, Claim.IN, Claim.NOTHING)


class LabelSets:
    """What is known about each voxel of a volume, as codes into a small table of leaf sets.

    `codes` has the volume's shape; `sets` is (K, L) bool, a row for each distinct set S of leaves
    that a voxel may still be. Everything else is derived from the two.
    """

    def __init__(self, scheme: LabelScheme, codes: np.ndarray, sets: np.ndarray):
        sets = np.asarray(sets, dtype=bool)
        if sets.ndim != 2 or sets.shape[1] != scheme.n_leaves:
            raise UserError(
                f"Label sets of shape {sets.shape} do not fit scheme '{scheme.name}', which has "
                f"{scheme.n_leaves} leaves: expected (K, {scheme.n_leaves})."
            )
        if not sets.any(axis=1).all():
            raise UserError("A label set without any leaf is a contradiction; remove it first.")
        if codes.size and int(codes.max()) >= len(sets):
            raise UserError(f"Code {codes.max()} is not in the table of {len(sets)} label sets.")
        self.scheme = scheme
        self.codes = codes
        self._sets = sets

    @classmethod
    def from_masks(
        cls,
        scheme: LabelScheme,
        masks: Mapping[str, np.ndarray],
        status: Mapping[str, Status] | None = None,
        region: np.ndarray | None = None,
        *,
        shape: tuple[int, ...] | None = None,
        affine: np.ndarray | None = None,
    ) -> LabelSets:
        """Label sets from one mask a label and the status of each label.

        `masks` are arrays of one shape, non-zero inside; `region`, of the same shape, is where
        annotation took place (everywhere if None): outside it nothing is known. `shape` is needed
        only where there is neither mask nor region; `affine` (4, 4) gives contradictions a place
        in RAS mm. A label without a status is not annotated; painting under it is an error.

        Raises ContradictionError when two labels leave no possibility for a voxel, and UserError
        for unknown labels, shapes that differ, or a status that lacks its mask.
        """
        masks = {name: _binary(name, mask) for name, mask in masks.items()}
        shape = _common_shape(masks, region, shape)
        status = status or {}
        for name in (*masks, *status):
            scheme.index(name)
        observations = []
        for name in scheme.names:
            state = _checked_status(name, status.get(name, Status.NOT_ANNOTATED))
            mask = masks.get(name)
            if state is Status.ABSENT:
                if mask is not None and mask.any():
                    raise UserError(
                        f"Label '{name}' is marked absent but has {np.count_nonzero(mask)} "
                        "painted voxels; erase them or change its status."
                    )
                mask, state = np.zeros(shape, dtype=np.uint8), Status.COMPLETE
            elif state is Status.NOT_ANNOTATED:
                if name not in status and mask is not None and mask.any():
                    raise UserError(
                        f"Label '{name}' is painted but has no status; give it one of "
                        f"{', '.join(entry.value for entry in Status)}."
                    )
                continue
            elif mask is None:
                raise UserError(f"Label '{name}' is {state.value} but has no mask; give its mask.")
            observations.append(Observation(scheme.index(name), mask, _CLAIMS[state]))
        codes, sets = encode(scheme, shape, observations)
        if region is not None:
            codes, sets = _forget_outside(codes, sets, region)
        return cls._checked(scheme, codes, sets, observations, affine)

    @classmethod
    def from_labelmap(
        cls,
        scheme: LabelScheme,
        labelmap: np.ndarray,
        known: Collection[str] | None = None,
        *,
        annotated: Collection[str] | None = None,
        affine: np.ndarray | None = None,
    ) -> LabelSets:
        """Label sets from a labelmap that holds the scheme's values and 0 outside.

        With `known` None a voxel says just what is written in it: its label, and which part of
        it only if the label has no parts; and a voxel of 0 is none of the labels `annotated`, of
        all if None: a label that nobody drew may be there. Otherwise `known` names the labels that
        were annotated completely (a voxel of a hidden part still shows a known super-label), and
        all others say nothing.

        Raises UserError for values outside the scheme, and ContradictionError when a voxel shows
        a label that the known ones exclude.
        """
        labelmap = np.asarray(labelmap)
        if not np.issubdtype(labelmap.dtype, np.integer):
            raise UserError(f"A labelmap holds whole numbers, but this one is {labelmap.dtype}.")
        allowed = {0, *(label.value for label in scheme)}
        present, first, counts = _values(labelmap)
        strange = {v: n for v, n in zip(present, counts, strict=True) if v not in allowed}
        if strange:
            found = ", ".join(f"{value} ({count} voxels)" for value, count in strange.items())
            raise UserError(
                f"The labelmap has values outside scheme '{scheme.name}': {found}; map them to "
                f"the scheme's values ({', '.join(f'{x.value} {x.name}' for x in scheme)}) or 0."
            )
        sets = np.ones((max(len(present), 1), scheme.n_leaves), dtype=bool)
        conflicts = []
        for row, value in enumerate(present):
            claims = _claims_of_value(scheme, int(value), known, annotated)
            sets[row] = claimed_leaves(scheme, claims)
            if not sets[row].any():
                conflicts.append((claims, int(counts[row]), int(first[row])))
        if conflicts:
            raise ContradictionError(
                Contradiction.explain(scheme, claims, voxels, index, labelmap.shape, affine)
                for claims, voxels, index in conflicts
            )
        size = int(present[-1]) + 1 if len(present) else 1
        table = np.zeros(size, dtype=np.min_scalar_type(len(present)))
        table[present] = np.arange(len(present))
        return cls(scheme, *compact(look_up(table, labelmap), sets))

    @classmethod
    def from_multilabel(
        cls,
        scheme: LabelScheme,
        tensor: np.ndarray,
        *,
        affine: np.ndarray | None = None,
    ) -> LabelSets:
        """Label sets from a (C, ...) tensor of 0 (no), 1 (yes) and 2 (unknown), in channel order.

        What the given values imply comes out too, such as a parent where a child is 1.
        Raises UserError for another number of channels or another value, and ContradictionError
        where no leaf fits a voxel's vector.
        """
        tensor = np.asarray(tensor)
        if tensor.ndim < 2 or len(tensor) != len(scheme):
            raise UserError(
                f"A multi-label tensor of scheme '{scheme.name}' has {len(scheme)} channels first "
                f"({', '.join(scheme.names)}), but this one has shape {tensor.shape}."
            )
        if tensor.size and not (tensor.min() >= 0 and tensor.max() <= 2):
            raise UserError(
                "A multi-label tensor holds 0 (no), 1 (yes) and 2 (unknown), but this one has "
                f"values from {tensor.min()} to {tensor.max()}."
            )
        observations = []
        for channel, values in enumerate(tensor):
            outcome = values.astype(np.uint8, copy=False)
            if outcome is not values and not np.array_equal(outcome, values):
                raise UserError(
                    f"Channel '{scheme.names[channel]}' holds values other than 0, 1, 2."
                )
            claims = (Claim.OUT, Claim.IN, Claim.NOTHING)
            observations.append(Observation(channel, outcome, claims))
        codes, sets = encode(scheme, tensor.shape[1:], observations)
        return cls._checked(scheme, codes, sets, observations, affine)

    @classmethod
    def _checked(
        cls,
        scheme: LabelScheme,
        codes: np.ndarray,
        sets: np.ndarray,
        observations: list[Observation],
        affine: np.ndarray | None,
    ) -> LabelSets:
        """Build the label sets, or raise ContradictionError if a voxel has none left."""
        empty = np.flatnonzero(~sets.any(axis=1))
        if len(empty):
            raise ContradictionError(
                find_contradictions(scheme, np.isin(codes, empty), observations, affine)
            )
        return cls(scheme, codes, sets)

    def also(self, other: LabelSets, *, affine: np.ndarray | None = None) -> LabelSets:
        """What both say together: in every voxel the leaves that each leaves possible.

        Raises UserError for another scheme or shape, and ContradictionError where no leaf is left.
        """
        if other.shape != self.shape or not other.scheme.has_labels_of(self.scheme):
            raise UserError(
                f"Label sets of '{self.scheme.name}' of shape {self.shape} and of "
                f"'{other.scheme.name}' of shape {other.shape} cannot be put together; give both "
                "the same."
            )
        pairs = self.codes.astype(np.int32) * len(other._sets) + other.codes
        sets = (self._sets[:, None] & other._sets).reshape(-1, self.scheme.n_leaves)
        counts = count(pairs, len(sets))
        wrong = np.flatnonzero((counts > 0) & ~sets.any(axis=1))
        if len(wrong):
            raise ContradictionError(
                Contradiction.between(
                    self.scheme,
                    self._sets[pair // len(other._sets)],
                    other._sets[pair % len(other._sets)],
                    int(counts[pair]),
                    int(np.argmax(pairs.reshape(-1) == pair)),
                    self.shape,
                    affine,
                )
                for pair in wrong[np.argsort(-counts[wrong])]
            )
        return LabelSets(self.scheme, *compact(pairs, sets))

    def in_scheme(self, scheme: LabelScheme, *, affine: np.ndarray | None = None) -> LabelSets:
        """The same knowledge in another scheme: what is said of the labels that both have.

        Labels are the same where their names are; what is said of others is left out, so that no
        voxel is known better than before.

        Raises UserError when no label of this scheme is in the other, and ContradictionError where
        the other's hierarchy does not allow what is said.
        """
        if self.scheme.has_labels_of(scheme):
            return LabelSets(scheme, self.codes, self._sets)
        shared = [name for name in self.scheme.names if name in scheme]
        if not shared:
            raise UserError(
                f"The annotation has the labels {', '.join(self.scheme.names)} of scheme "
                f"'{self.scheme.name}', none of which scheme '{scheme.name}' has "
                f"({', '.join(scheme.names)}); rename its labels, or choose a model for its scheme."
            )
        values = {name: self.codebook[:, self.scheme.index(name)] for name in shared}
        claims = [
            {scheme.index(name): _CLAIM_OF_VALUE[value[row]] for name, value in values.items()}
            for row in range(len(self._sets))
        ]
        sets = np.array([claimed_leaves(scheme, entry) for entry in claims])
        wrong = [row for row in np.flatnonzero(~sets.any(axis=1)) if self.counts()[row]]
        if wrong:
            raise ContradictionError(
                Contradiction.explain(
                    scheme,
                    claims[row],
                    int(self.counts()[row]),
                    int(np.argmax(self.codes.reshape(-1) == row)),
                    self.shape,
                    affine,
                )
                for row in wrong
            )
        return LabelSets(scheme, *compact(self.codes, sets))

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the volume."""
        return self.codes.shape

    @cached_property
    def codebook(self) -> np.ndarray:
        """(K, C) uint8 of 0 (no), 1 (yes), 2 (unknown): the vector that each code stands for."""
        return self.scheme.vectors(self._sets)

    def within(self, region: np.ndarray) -> LabelSets:
        """The same where `region`, of the volume's shape, is not 0; elsewhere nothing is known."""
        return LabelSets(self.scheme, *_forget_outside(self.codes, self._sets, region))

    def leaf_sets(self) -> np.ndarray:
        """(K, L) bool: the leaves that a voxel of each code may still be."""
        return self._sets.copy()

    def multilabel(self) -> np.ndarray:
        """(C, ...) uint8 of 0 (no), 1 (yes), 2 (unknown)."""
        tensor = np.empty((len(self.scheme), *self.shape), dtype=np.uint8)
        for channel, name in enumerate(self.scheme.names):
            tensor[channel] = self.value_of(name)
        return tensor

    def value_of(self, name: str) -> np.ndarray:
        """The volume of 0 (no), 1 (yes), 2 (unknown) of one label, uint8."""
        return look_up(self.codebook[:, self.scheme.index(name)], self.codes)

    def counts(self) -> np.ndarray:
        """(K,) the number of voxels of each code."""
        return count(self.codes, len(self._sets))

    def labelmap(self) -> np.ndarray:
        """The value of the most specific label known at each voxel; 0 outside or unknown."""
        table = np.zeros(len(self._sets), dtype=np.min_scalar_type(self.scheme.labels[-1].value))
        # Labels known of one voxel lie within each other; the deepest is written last.
        by_depth = sorted(self.scheme, key=lambda label: len(self.scheme.ancestors(label.name)))
        for label in by_depth:
            table[self.codebook[:, self.scheme.index(label.name)] == 1] = label.value
        return look_up(table, self.codes)

    @property
    def fully_known(self) -> bool:
        """Whether every voxel is down to one leaf."""
        return bool((self._sets.sum(axis=1) == 1).all())

    def __repr__(self) -> str:
        return f"LabelSets({self.scheme.name!r}, shape={self.shape}, {len(self._sets)} codes)"


def _checked_status(name: str, status: Status | str) -> Status:
    try:
        return Status(status)
    except ValueError:
        raise UserError(
            f"The status of label '{name}' is {status!r}; give it one of "
            f"{', '.join(entry.value for entry in Status)}."
        ) from None


def _binary(name: str, mask: np.ndarray) -> np.ndarray:
    """The mask as uint8 of 0 and 1, without a copy where it is that already."""
    mask = np.asarray(mask)
    if mask.dtype == bool:
        return mask.view(np.uint8)
    if not (np.issubdtype(mask.dtype, np.integer) or np.isfinite(mask).all()):
        raise UserError(f"The mask of '{name}' holds values that are not finite; expected 0 and 1.")
    return (mask != 0).view(np.uint8)


def _common_shape(
    masks: Mapping[str, np.ndarray], region: np.ndarray | None, shape: tuple[int, ...] | None
) -> tuple[int, ...]:
    shapes = {f"mask '{name}'": mask.shape for name, mask in masks.items()}
    if region is not None:
        shapes["the region"] = np.shape(region)
    if shape is not None:
        shapes["shape"] = tuple(shape)
    if not shapes:
        raise UserError("Without any mask or region, give the shape of the volume.")
    if len(set(shapes.values())) > 1:
        listed = ", ".join(f"{name} {size}" for name, size in shapes.items())
        raise UserError(f"All masks must have one shape, but: {listed}; resample them to one grid.")
    return next(iter(shapes.values()))


def _forget_outside(
    codes: np.ndarray, sets: np.ndarray, region: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Give every voxel outside the region the whole set: there nothing is known."""
    sets = np.vstack([sets, np.ones((1, sets.shape[1]), dtype=bool)])
    codes = codes.astype(np.min_scalar_type(len(sets)))
    codes[~np.asarray(region, dtype=bool)] = len(sets) - 1
    return compact(codes, sets)


def _values(labelmap: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The values of a labelmap, the flat position of the first voxel of each, and their counts."""
    if labelmap.size and labelmap.min() >= 0 and labelmap.max() < 2**16:
        # Counting is many times faster than sorting the voxels, as np.unique does.
        flat = labelmap.reshape(-1)
        counts = count(flat, int(labelmap.max()) + 1)
        present = np.flatnonzero(counts)
        first = np.array([np.argmax(flat == value) for value in present])
        return present, first, counts[present]
    return np.unique(labelmap, return_index=True, return_counts=True)


def _claims_of_value(
    scheme: LabelScheme,
    value: int,
    known: Collection[str] | None,
    annotated: Collection[str] | None,
) -> dict[int, Claim]:
    """What a voxel of this value says about each label (by channel)."""
    if known is None:
        names = scheme.names if annotated is None else tuple(annotated)
    else:
        names = tuple(known)
    shown = next((label.name for label in scheme if label.value == value), None)
    if known is None and shown is not None:
        return {scheme.index(shown): Claim.IN}
    return {
        scheme.index(name): Claim.IN if shown in scheme.descendants(name) else Claim.OUT
        for name in names
    }
