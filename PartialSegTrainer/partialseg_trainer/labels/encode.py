"""From annotations to codes: a voxel's leaf set, narrowed down one group of labels at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from .claims import Observation
from .scheme import LabelScheme

# Outcomes of several labels are first packed into one byte: eight masks, or five of 0/1/2. The
# table look-up that narrows the sets, much dearer than the packing, then runs once a group.
_GROUP_SIZE = 256
# Voxels at a time: small enough that the index of a look-up stays in the processor's cache.
_BLOCK = 1 << 17


def encode(
    scheme: LabelScheme, shape: tuple[int, ...], observations: Sequence[Observation]
) -> tuple[np.ndarray, np.ndarray]:
    """Narrow the set of all leaves by every observation.

    Returns `codes` (of `shape`, the smallest unsigned type) and `sets` (K, L) bool, sorted, so that
    the order of the observations does not matter. A set without a leaf marks a contradiction.
    """
    codes = np.zeros(int(np.prod(shape)), dtype=np.uint8)
    sets = np.ones((1, scheme.n_leaves), dtype=bool)
    for group in _groups(observations):
        packed, allowed = _pack(scheme, group)
        codes, sets = _narrow(codes, sets, packed, allowed)
    return compact(codes.reshape(shape), sets)


def compact(codes: np.ndarray, sets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Drop sets that no voxel has, merge equal ones, and sort them."""
    used = np.bincount(codes.reshape(-1), minlength=len(sets)) > 0
    if not used.any():
        used[:1] = True  # an empty volume still has a table
    kept, place = np.unique(sets[used], axis=0, return_inverse=True)
    table = np.zeros(len(sets), dtype=np.min_scalar_type(max(len(kept) - 1, 0)))
    table[used] = place.reshape(-1)
    if len(kept) == len(sets) and np.array_equal(table, np.arange(len(sets))):
        return codes.astype(table.dtype, copy=False), kept
    return _look_up(table, codes), kept


def _groups(observations: Sequence[Observation]) -> Iterator[list[Observation]]:
    group: list[Observation] = []
    size = 1
    for observation in observations:
        if group and size * len(observation.claims) > _GROUP_SIZE:
            yield group
            group, size = [], 1
        group.append(observation)
        size *= len(observation.claims)
    if group:
        yield group


def _pack(scheme: LabelScheme, group: list[Observation]) -> tuple[np.ndarray, np.ndarray]:
    """Number the joint outcomes of a group, and give the leaves that each leaves possible."""
    packed = group[0].outcome.reshape(-1)
    allowed = group[0].allowed(scheme)
    for observation in group[1:]:
        packed = packed * np.uint8(len(observation.claims))
        packed += observation.outcome.reshape(-1)
        joint = allowed[:, None, :] & observation.allowed(scheme)[None, :, :]
        allowed = joint.reshape(-1, scheme.n_leaves)
    return packed, allowed


def _narrow(
    codes: np.ndarray, sets: np.ndarray, packed: np.ndarray, allowed: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Intersect each voxel's set with what its outcome allows."""
    outcomes = len(allowed)
    pairs = np.zeros(len(sets) * outcomes, dtype=bool)
    for block in _blocks(len(codes)):
        pairs[codes[block].astype(np.intp) * outcomes + packed[block]] = True
    present = np.flatnonzero(pairs)
    met = sets[present // outcomes] & allowed[present % outcomes]
    narrowed, place = np.unique(met, axis=0, return_inverse=True)
    table = np.zeros(len(pairs), dtype=np.min_scalar_type(max(len(narrowed) - 1, 0)))
    table[present] = place.reshape(-1)
    result = np.empty(len(codes), dtype=table.dtype)
    for block in _blocks(len(codes)):
        pair = codes[block].astype(np.intp) * outcomes + packed[block]
        np.take(table, pair, out=result[block], mode="clip")
    return result, narrowed


def _look_up(table: np.ndarray, codes: np.ndarray) -> np.ndarray:
    flat = codes.reshape(-1)
    result = np.empty(len(flat), dtype=table.dtype)
    for block in _blocks(len(flat)):
        np.take(table, flat[block], out=result[block], mode="clip")
    return result.reshape(codes.shape)


def _blocks(length: int) -> Iterator[slice]:
    return (slice(start, start + _BLOCK) for start in range(0, length, _BLOCK))
