"""Prepared slices of a dataset on disk: read by position, whatever the number of scans."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import platformdirs
from filelock import FileLock
from pydantic import BaseModel

from .. import __version__
from ..dataset import Case, Dataset
from ..files import atomic_folder, read_checked, write_json
from ..labels import LabelScheme
from ..volumes import resample
from ..volumes.preprocessing import Preprocessing, prepare, to_slices

Progress = Callable[[int, int], None]
# Raise it with every change of the files below, so that stores of older versions are not read.
_FORMAT = 1
# Code 0 of every store is the whole set of leaves: nothing known. Padding has it.
UNKNOWN = 0


class StoredCase(BaseModel):
    """Where one case lies in the store: its first voxel, and the shape (S, H, W) of its slices."""

    name: str
    subject: str
    fully_known: bool
    first_voxel: int
    shape: tuple[int, int, int]


class StoreIndex(BaseModel):
    """The content of index.json; `leaf_sets` is the table of codes that all cases share."""

    cases: list[StoredCase]
    leaf_sets: list[list[bool]]


class SliceStore:
    """Images (float16) and codes of all cases in two flat files that are mapped, not loaded."""

    def __init__(self, folder: Path):
        index = read_checked(folder / "index.json", StoreIndex)
        self.cases = index.cases
        self.leaf_sets = np.array(index.leaf_sets, dtype=bool)
        self._images = np.memmap(folder / "images.bin", dtype=np.float16, mode="r")
        self._codes = np.memmap(
            folder / "codes.bin", dtype=_code_type(len(self.leaf_sets)), mode="r"
        )
        self._counts = np.load(folder / "counts.npy", mmap_mode="r")
        self._ends = np.cumsum([case.shape[0] for case in self.cases])

    def numbers(self, wanted: Callable[[StoredCase], bool]) -> np.ndarray:
        """The numbers of all slices of the cases that are wanted."""
        parts = [
            np.arange(end - case.shape[0], end)
            for case, end in zip(self.cases, self._ends, strict=True)
            if wanted(case)
        ]
        return np.concatenate([np.zeros(0, dtype=int), *parts])

    def read(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Image (H, W) float16 and codes (H, W) of one slice, as views of the mapped files."""
        position = int(np.searchsorted(self._ends, number, side="right"))
        case = self.cases[position]
        depth, height, width = case.shape
        place = number - (int(self._ends[position]) - depth)
        start = case.first_voxel + place * height * width
        span = slice(start, start + height * width)
        return self._images[span].reshape(height, width), self._codes[span].reshape(height, width)

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
        "preprocessing": preprocessing.model_dump(),
        "cases": [(case.name, case.info.image_sha256, case.info.labels_sha256) for case in cases],
    }
    fingerprint = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
    folder = _cache(dataset) / f"slices-{fingerprint}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        if not folder.is_dir():
            with atomic_folder(folder) as temporary:
                _write(temporary, cases, dataset.scheme, preprocessing, progress)
    return SliceStore(folder)


def _cache(dataset: Dataset) -> Path:
    """The dataset's own .cache, or the user's where the dataset cannot be written."""
    if os.access(dataset.folder, os.W_OK):
        return dataset.folder / ".cache"
    return platformdirs.user_cache_path("PartialSeg", appauthor=False)


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
            volume = case.image()
            labels = case.label_sets(scheme)
            prepared = prepare(volume, preprocessing)
            table = np.array(
                [sets.setdefault(row.tobytes(), len(sets)) for row in labels.leaf_sets()],
                dtype=np.uint16,
            )
            local = resample(labels.codes, volume.grid, prepared.grid, order=0)
            images.write(prepared.slices.astype(np.float16).tobytes())
            shared = table[to_slices(local, preprocessing.axis)]
            codes.write(shared.tobytes())
            counts += [np.bincount(plane.reshape(-1)) for plane in shared]
            stored.append(
                StoredCase(
                    name=case.name,
                    subject=case.subject,
                    fully_known=labels.fully_known,
                    first_voxel=first_voxel,
                    shape=prepared.slices.shape,
                )
            )
            first_voxel += prepared.slices.size
            if progress:
                progress(done + 1, len(cases))
    _narrow(folder / "wide.bin", folder / "codes.bin", _code_type(len(sets)))
    np.save(folder / "counts.npy", np.array([_padded(row, len(sets)) for row in counts]))
    leaf_sets = [np.frombuffer(row, dtype=bool).tolist() for row in sets]
    write_json(folder / "index.json", StoreIndex(cases=stored, leaf_sets=leaf_sets).model_dump())


def _code_type(count: int) -> np.dtype:
    return np.dtype(np.uint8 if count <= 256 else np.int32)


def _padded(counts: np.ndarray, length: int) -> np.ndarray:
    return np.pad(counts, (0, length - len(counts)))


def _narrow(wide: Path, narrow: Path, dtype: np.dtype) -> None:
    with open(wide, "rb") as source, open(narrow, "wb") as target:
        while block := source.read(1 << 24):
            target.write(np.frombuffer(block, dtype=np.uint16).astype(dtype).tobytes())
    wide.unlink()
