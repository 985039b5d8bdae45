"""From annotations to codes: a voxel's leaf set, narrowed down one group of labels at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np

from .claims import Observation
from .scheme import LabelScheme

# Outcomes of several labels are first packed into one byte: eight masks, or five of 0/1/2. The
# table look-up that narrows the sets, much dearer than the packing, then runs once a group.
_GROUP_SIZE = 256
# Voxels at a time: small enough that the wide index of a look-up stays in the processor's cache.
_BLOCK = 1 << 17


def encode(
    scheme: LabelScheme, shape: tuple[int, ...], observations: Sequence[Observation]
) -> tuple[np.ndarray, np.ndarray]:
    """Narrow the set of all leaves by every observation.

    Returns `codes` (of `shape`, the smallest unsigned type, in the memory order of the outcomes)
    and `sets` (K, L) bool, sorted, so that the order of the observations does not matter. A set
    without a leaf marks a contradiction.
    """
    # Volumes of files run along X first; to turn them round takes longer than to encode them.
    files = bool(observations) and all(entry.outcome.flags.fnc for entry in observations)
    order = "F" if files else "C"
    codes = np.zeros(int(np.prod(shape)), dtype=np.uint8)
    sets = np.ones((1, scheme.n_leaves), dtype=bool)
    for group in _groups(observations):
        codes, sets = _narrow(codes, sets, *_pack(scheme, group, order))
    return codes.reshape(shape, order=order), sets


def compact(codes: np.ndarray, sets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Drop sets that no voxel has, merge equal ones, and sort them."""
    used = present(codes, len(sets))
    return _renumbered(codes, used, sets[used])


def look_up(table: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """`table[codes]` in the memory order of the codes, all of which the table must have."""
    order = "F" if codes.flags.fnc else "C"
    flat = codes.ravel(order)
    if codes.dtype == table.dtype == np.uint8:
        # Two to four times as fast as np.take, which turns every code into an index of 8 bytes.
        found = np.frombuffer(bytearray(flat).translate(np.resize(table, 256).tobytes()), np.uint8)
    else:
        found = np.empty(len(flat), dtype=table.dtype)
        for block in _blocks(len(flat)):
            # Only unchecked look-ups are written in place.
            np.take(table, flat[block], out=found[block], mode="clip")
    return found.reshape(codes.shape, order=order)


def count(codes: np.ndarray, size: int) -> np.ndarray:
    """(size,) how many voxels have each code; np.bincount at a hundredth of its memory."""
    flat = codes.ravel("K")
    counts = np.zeros(size, dtype=np.intp)
    for block in _blocks(len(flat)):
        counts += np.bincount(flat[block], minlength=size)
    return counts


def present(codes: np.ndarray, size: int) -> np.ndarray:
    """The codes below `size` that any voxel has; 0 where there is no voxel."""
    flat = codes.ravel("K")
    found = np.zeros(size, dtype=bool)
    found[0] = not len(flat)
    for block in _blocks(len(flat)):
        found[flat[block]] = True
    return np.flatnonzero(found)


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


def _pack(
    scheme: LabelScheme, group: list[Observation], order: Literal["C", "F"]
) -> tuple[np.ndarray, np.ndarray]:
    """Number the joint outcomes of a group, and give the leaves that each leaves possible."""
    packed = group[0].outcome.flatten(order)
    allowed = group[0].allowed(scheme)
    for observation in group[1:]:
        packed *= np.uint8(len(observation.claims))
        packed += observation.outcome.ravel(order)
        joint = allowed[:, None, :] & observation.allowed(scheme)[None, :, :]
        allowed = joint.reshape(-1, scheme.n_leaves)
    return packed, allowed


def _narrow(
    codes: np.ndarray, sets: np.ndarray, packed: np.ndarray, allowed: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Intersect each voxel's set with what its outcome allows."""
    outcomes = len(allowed)
    pairs = packed
    if len(sets) > 1:
        pairs = codes.astype(np.min_scalar_type(len(sets) * outcomes - 1))
        pairs *= pairs.dtype.type(outcomes)
        pairs += packed
    used = present(pairs, len(sets) * outcomes)
    met = sets[used // outcomes] & allowed[used % outcomes]
    return _renumbered(pairs, used, met)


def _renumbered(
    codes: np.ndarray, used: np.ndarray, sets: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Sort sets, one for each code that is used, merge equal ones, and adapt the codes."""
    distinct, place = np.unique(sets, axis=0, return_inverse=True)
    table = np.zeros(used[-1] + 1, dtype=np.min_scalar_type(len(distinct) - 1))
    table[used] = place.reshape(-1)
    return look_up(table, codes), distinct


def _blocks(length: int) -> Iterator[slice]:
    return (slice(start, start + _BLOCK) for start in range(0, length, _BLOCK))
