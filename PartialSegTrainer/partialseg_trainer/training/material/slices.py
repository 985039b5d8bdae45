"""Prepared slices of a dataset on disk: read by position, whatever the number of scans."""

from __future__ import annotations

import copy
import hashlib
import json
import logging
import math
import mmap
import os
import stat
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout
from pydantic import BaseModel

from ... import __version__
from ...dataset import Case, Dataset
from ...dataset.folder import check_together
from ...errors import UserError
from ...files import atomic_folder, leftovers, read_checked, remove, write_json
from ...labels import LabelScheme
from ...user_folders import user_cache
from ...volumes import resample
from ...volumes.preprocessing import Axis, Preprocessing, prepare, recut, to_slices

_log = logging.getLogger(__name__)
Progress = Callable[[int, int], None]
# Raise it with every change of the files below, so that stores of older versions are not read.
_FORMAT = 2
# Code 0 of every store is the whole set of leaves: nothing known. Padding has it.
UNKNOWN = 0
# Bytes read between two times that a store's pages are given back.
_MOST_MAPPED = 1 << 28


class StoredCase(BaseModel):
    """Where one case lies in the store: its first voxel, and the shape (S, H, W) of its slices.

    A case that is cut along several axes is there once for each.
    """

    name: str
    subject: str
    fully_known: bool
    axis: Axis
    first_voxel: int
    shape: tuple[int, int, int]


class StoreIndex(BaseModel):
    """The content of index.json; `leaf_sets` is the table of codes that all cases share, and each
    has images of so many `contrasts`.
    """

    cases: list[StoredCase]
    leaf_sets: list[list[bool]]
    contrasts: int = 1


class SliceStore:
    """Images (float16) and codes of all cases in two flat files that are mapped, not loaded.

    However much is read, little of it counts as memory of the process: pages go back to the system,
    which keeps them as long as nothing else needs the room.

    Where scans have several `contrasts`, the images of a slice lie one after another in the file,
    and what is read has an axis for them in front.

    `labels` is a folder of other codes for the same images, as `write_labels` leaves it; the
    store's own unless given.
    """

    def __init__(self, folder: Path, labels: Path | None = None):
        labels = labels or folder
        index = read_checked(labels / "index.json", StoreIndex)
        self.folder = folder
        self.contrasts = read_checked(folder / "index.json", StoreIndex).contrasts
        self.cases = index.cases
        self.leaf_sets = np.array(index.leaf_sets, dtype=bool)
        self._maps = [_mapped(file) for file in (folder / "images.bin", labels / "codes.bin")]
        self._images = np.frombuffer(self._maps[0], dtype=np.float16)
        self._codes = np.frombuffer(self._maps[1], dtype=_code_type(len(self.leaf_sets)))
        self._bytes_read = 0
        self._counts = np.load(labels / "counts.npy", mmap_mode="r")
        self._ends = np.cumsum([case.shape[0] for case in self.cases])

    def numbers(self, wanted: Callable[[StoredCase], bool]) -> np.ndarray:
        """The numbers of all slices of the cases that are wanted."""
        parts = [
            np.arange(end - case.shape[0], end)
            for case, end in zip(self.cases, self._ends, strict=True)
            if wanted(case)
        ]
        return np.concatenate([np.zeros(0, dtype=int), *parts])

    def axis(self, number: int) -> Axis:
        """Along which axis a slice is cut."""
        return self._find(number)[0].axis

    def read(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Image (H, W) float16 and codes (H, W) of one slice, as views of the mapped files.

        Of several contrasts the image is (K, H, W).
        """
        images, codes = self.read_block(number, 1)
        return images[..., 0, :, :], codes[0]

    def read_stack(self, number: int, neighbours: int) -> tuple[np.ndarray, np.ndarray]:
        """A slice with those on either side, (2 neighbours + 1, H, W), and its own codes (H, W).

        Beyond the scan its outermost slice is repeated; elsewhere both are views. Of several
        contrasts the image is (K (2 neighbours + 1), H, W), the slices of one after the other.
        """
        case, place = self._find(number)
        wanted = np.arange(place - neighbours, place + neighbours + 1)
        inside = wanted.clip(0, case.shape[0] - 1)
        images, _ = self._read(case, inside[0], inside[-1] + 1)
        if not np.array_equal(wanted, inside):
            images = images[..., inside - inside[0], :, :]
        return images.reshape(-1, *images.shape[-2:]), self._read(case, place, place + 1)[1][0]

    def read_block(self, number: int, thickness: int) -> tuple[np.ndarray, np.ndarray]:
        """Images and codes (S, H, W) of so many slices of a scan round one of them, as views.

        Of several contrasts the images are (K, S, H, W). The block is moved to lie within the scan;
        S is less than `thickness` where the scan is.
        """
        case, place = self._find(number)
        count = case.shape[0]
        first = min(max(place - thickness // 2, 0), max(count - thickness, 0))
        return self._read(case, first, min(first + thickness, count))

    def read_case(self, case: StoredCase) -> tuple[np.ndarray, np.ndarray]:
        """Images, (S, H, W) or (K, S, H, W), and codes (S, H, W) of a whole case, as views."""
        return self._read(case, 0, case.shape[0])

    def with_leaf_sets(self, leaf_sets: np.ndarray) -> SliceStore:
        """The same slices, their codes read by another table, (K, L) bool."""
        changed = copy.copy(self)
        changed.leaf_sets = leaf_sets
        return changed

    def _find(self, number: int) -> tuple[StoredCase, int]:
        """The case that a slice belongs to, and the slice's place in it."""
        position = int(np.searchsorted(self._ends, number, side="right"))
        case = self.cases[position]
        return case, int(number) - (int(self._ends[position]) - case.shape[0])

    def _read(self, case: StoredCase, first: int, end: int) -> tuple[np.ndarray, np.ndarray]:
        """Slices of one case, which lie in the files one after another."""
        _, height, width = case.shape
        start, stop = (case.first_voxel + int(place) * height * width for place in (first, end))
        shape = (-1, height, width)
        codes = self._codes[start:stop].reshape(shape)
        images = self._images[self.contrasts * start : self.contrasts * stop].reshape(shape)
        if self.contrasts > 1:
            images = np.moveaxis(images.reshape(-1, self.contrasts, height, width), 1, 0)
        self._count(images.nbytes + codes.nbytes)
        return images, codes

    def _count(self, read: int) -> None:
        """Give the pages back every so often; a view that is still in use gets its own again."""
        self._bytes_read += read
        # Windows has no such call, and takes pages back by itself.
        if self._bytes_read > _MOST_MAPPED and hasattr(mmap, "MADV_DONTNEED"):
            self._bytes_read = 0
            for each in self._maps:
                each.madvise(mmap.MADV_DONTNEED)

    def marked(self, values: np.ndarray) -> np.ndarray:
        """(N, C) bool: in which slices each label is marked, by the (K, C) values of the codes."""
        return self._counts @ (values == 1).astype(self._counts.dtype) > 0

    def code_counts(self, numbers: np.ndarray) -> np.ndarray:
        """(K,) how many voxels of these slices have each code."""
        return self._counts[numbers].sum(axis=0)


def open_store(
    dataset: Dataset,
    cases: Iterable[Case],
    preprocessing: Preprocessing,
    progress: Progress | None = None,
) -> SliceStore:
    """The prepared slices of these cases, made on first use and kept for the next training.

    They lie in the dataset's .cache, or in the user's cache folder where the dataset is read-only.
    The folder's name is a fingerprint of the scans, labels and settings, so a changed dataset is
    prepared anew and never mixed up with an old one.
    """
    cases = list(cases)
    content = {
        "version": [__version__, _FORMAT],
        "scheme": dataset.scheme.to_dict(),
        # Neighbours lie side by side already, so any number of them reads the same files.
        "preprocessing": preprocessing.model_dump(exclude={"neighbours"}),
        "cases": [(case.name, case.info.image_sha256, case.info.labels_sha256) for case in cases],
    }
    if len(dataset.contrasts) > 1:
        content["images"] = [case.info.sha256_of(dataset.contrasts) for case in cases]
        content["contrasts"] = dataset.contrasts
    fingerprint = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
    folder = _cache(dataset) / f"slices-{fingerprint}"
    _tidy(folder.parent)
    with FileLock(folder.with_suffix(".lock")):
        if folder.is_dir() and not is_whole(folder):
            _log.warning("%s was damaged and is made anew", folder)
            remove(folder)
        if not folder.is_dir():
            with atomic_folder(folder) as temporary:
                _write(temporary, cases, dataset.scheme, preprocessing, progress)
    return SliceStore(folder)


def write_labels(
    folder: Path,
    cases: list[StoredCase],
    leaf_sets: np.ndarray,
    codes: Iterable[np.ndarray],
) -> None:
    """Write other codes for the images of a store, whole or not at all.

    Args:
        cases: those of the store.
        leaf_sets: (K, L) bool, the table of the new codes; code 0 is the whole set of leaves.
        codes: (S, H, W) of each case in turn.
    """
    counts = []
    with atomic_folder(folder) as temporary:
        with open(temporary / "codes.bin", "wb") as file:
            for volume in codes:
                file.write(volume.astype(_code_type(len(leaf_sets))).tobytes())
                counts += [
                    np.bincount(plane.reshape(-1), minlength=len(leaf_sets)) for plane in volume
                ]
        np.save(temporary / "counts.npy", np.array(counts))
        index = StoreIndex(cases=cases, leaf_sets=leaf_sets.tolist())
        write_json(temporary / "index.json", index.model_dump())


def _mapped(path: Path) -> mmap.mmap:
    with open(path, "rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _cache(dataset: Dataset) -> Path:
    """The dataset's own .cache, or the user's where the dataset cannot be written."""
    if os.access(dataset.folder, os.W_OK):
        folder = dataset.folder / ".cache"
        folder.mkdir(exist_ok=True)
        return folder
    folder = user_cache()
    folder.mkdir(parents=True, exist_ok=True)
    # Whoever else has an account here may be allowed to read homes, but not the dataset.
    folder.chmod(stat.S_IRWXU)
    return folder


def _tidy(cache: Path) -> None:
    """Remove stores that were being made when their process was killed."""
    for half in leftovers(cache):
        store = half.name.partition("-")[2]
        # Whoever makes it now holds its lock.
        with suppress(Timeout), FileLock(cache / f"{store}.lock", timeout=0):
            remove(half)


def is_whole(folder: Path, files: Iterable[str] = ("images.bin", "codes.bin")) -> bool:
    """Whether a store, or the labels of one, has all its bytes.

    A power cut may cost some that had been written.
    """
    try:
        index = read_checked(folder / "index.json", StoreIndex)
        counts = np.load(folder / "counts.npy", mmap_mode="r")
        sizes = {name: (folder / name).stat().st_size for name in files}
    except (UserError, OSError, ValueError, EOFError):
        return False
    voxels = sum(math.prod(case.shape) for case in index.cases)
    expected = {
        "images.bin": 2 * voxels * index.contrasts,
        "codes.bin": _code_type(len(index.leaf_sets)).itemsize * voxels,
    }
    slices = sum(case.shape[0] for case in index.cases)
    return counts.shape == (slices, len(index.leaf_sets)) and all(
        size == expected[name] for name, size in sizes.items()
    )


def _write(
    folder: Path,
    cases: list[Case],
    scheme: LabelScheme,
    preprocessing: Preprocessing,
    progress: Progress | None,
) -> None:
    """Prepare case after case; only one is in memory at a time."""
    sets = {np.ones(scheme.n_leaves, dtype=bool).tobytes(): UNKNOWN}
    stored, counts, first_voxel = [], [], 0
    # Codes are written wide and narrowed at the end, when the size of the table is known.
    with open(folder / "images.bin", "wb") as images, open(folder / "wide.bin", "wb") as codes:
        for done, case in enumerate(cases):
            volumes = case.images()
            check_together(volumes, case.name)
            labels = case.label_sets(scheme)
            prepared = prepare(list(volumes.values()), preprocessing, str(case.image_path))
            table = np.array(
                [sets.setdefault(row.tobytes(), len(sets)) for row in labels.leaf_sets()],
                dtype=np.uint16,
            )
            grid = volumes[case.contrast].grid
            local = resample(labels.codes, grid, prepared.grid, order=0)
            for axis in preprocessing.axes:
                slices = recut(prepared.images, prepared.axis, axis).astype(np.float16)
                images.write(np.moveaxis(slices, 0, 1).tobytes())
                shared = table[to_slices(local, axis)]
                codes.write(shared.tobytes())
                counts += [np.bincount(plane.reshape(-1)) for plane in shared]
                stored.append(
                    StoredCase(
                        name=case.name,
                        subject=case.subject,
                        fully_known=labels.fully_known,
                        axis=axis,
                        first_voxel=first_voxel,
                        shape=slices.shape[1:],
                    )
                )
                first_voxel += slices[0].size
            if progress:
                progress(done + 1, len(cases))
    _narrow(folder / "wide.bin", folder / "codes.bin", _code_type(len(sets)))
    np.save(folder / "counts.npy", np.array([_padded(row, len(sets)) for row in counts]))
    leaf_sets = [np.frombuffer(row, dtype=bool).tolist() for row in sets]
    contrasts = len(cases[0].contrasts) if cases else 1
    index = StoreIndex(cases=stored, leaf_sets=leaf_sets, contrasts=contrasts)
    write_json(folder / "index.json", index.model_dump())


def _code_type(count: int) -> np.dtype:
    return np.dtype(np.uint8 if count <= 256 else np.int32)


def _padded(counts: np.ndarray, length: int) -> np.ndarray:
    return np.pad(counts, (0, length - len(counts)))


def _narrow(wide: Path, narrow: Path, dtype: np.dtype) -> None:
    with open(wide, "rb") as source, open(narrow, "wb") as target:
        while block := source.read(1 << 24):
            target.write(np.frombuffer(block, dtype=np.uint16).astype(dtype).tobytes())
    wide.unlink()
