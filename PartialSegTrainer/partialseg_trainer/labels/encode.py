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
# Voxels at a time: look-ups turn codes into indices of eight bytes, and so few of these stay in the
# processor's cache.
_BLOCK = 1 << 15


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
    used = _used(codes, len(sets))
    return _renumbered(codes, used, sets[used])


def look_up(table: np.ndarray, codes: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """`table[codes]`, for codes that are all in the table, in the memory order of the codes.

    `out` is a contiguous array of the codes' shape and the table's type to write into.
    """
    if out is None:
        out = np.empty(codes.shape, dtype=table.dtype, order="F" if codes.flags.fnc else "C")
    order = "F" if out.flags.fnc else "C"
    flat, found = codes.ravel(order), out.ravel(order)
    if codes.dtype.itemsize == table.dtype.itemsize == 1:
        # Python's own look-up of bytes is half as fast again, up to twice, as numpy's.
        every = np.resize(table, 256).tobytes()
        for block in _blocks(len(flat)):
            found[block] = np.frombuffer(flat[block].tobytes().translate(every), table.dtype)
        return out
    for block in _blocks(len(flat)):
        # Only unchecked look-ups are written in place.
        np.take(table, flat[block], out=found[block], mode="clip")
    return out


def count(codes: np.ndarray, size: int) -> np.ndarray:
    """(size,) how many voxels have each code."""
    flat = codes.ravel("K")
    counts = np.zeros(size, dtype=np.intp)
    for block in _blocks(len(flat)):
        counts += np.bincount(flat[block], minlength=size)
    return counts


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
    used = _used(pairs, len(sets) * outcomes)
    met = sets[used // outcomes] & allowed[used % outcomes]
    return _renumbered(pairs, used, met)


def _used(codes: np.ndarray, size: int) -> np.ndarray:
    """The codes below `size` that any voxel has; 0 where there is no voxel."""
    return np.flatnonzero(count(codes, size)) if codes.size else np.zeros(1, dtype=np.intp)


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
