"""Scans of a dataset that a model learns from beside the one that is completed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..dataset import Dataset
from ..dataset.contrast import differ
from ..errors import UserError
from ..networks.model import Model
from ..training.material.slices import SliceStore, open_store


class Beside:
    """Slices of a dataset's annotated scans, prepared as the model sees them."""

    def __init__(self, store: SliceStore, neighbours: int):
        self._store, self._neighbours = store, neighbours
        self.sets = store.leaf_sets
        numbers = store.numbers(lambda case: True)
        # Code 0 is the whole set of leaves: nothing is learned from a slice without any other.
        self._numbers = np.array(
            [number for number in numbers if store.code_counts(np.array([number]))[1:].any()]
        )

    @classmethod
    def of_dataset(cls, folder: Path, model: Model) -> Beside:
        """Raises UserError for a dataset of other labels or several other contrasts or without
        anything drawn, and for a model that sees blocks.
        """
        dataset = Dataset.open(folder)
        if not dataset.scheme.has_labels_of(model.scheme):
            raise UserError(
                f"The dataset {folder} has the labels {', '.join(dataset.scheme.names)}, but the "
                f"model {model.info.name} {', '.join(model.scheme.names)}; name a dataset of the "
                "model's labels."
            )
        if differ(dataset.contrasts, model.info.contrasts):
            raise UserError(
                f"The dataset {folder} has {' and '.join(dataset.contrasts)} of each scan, but the "
                f"model {model.info.name} sees {model.info.of_contrasts}; name a dataset of the "
                "model's contrasts."
            )
        if model.info.patch is not None:
            raise UserError(
                f"The model {model.info.name} sees blocks, and learns from one scan alone; leave "
                "the dataset out, or choose a model that sees slices."
            )
        store = open_store(dataset, dataset.cases, model.info.preprocessing)
        beside = cls(store, model.info.preprocessing.neighbours)
        if not len(beside._numbers):
            raise UserError(f"Nothing is drawn in the dataset {folder}; leave it out.")
        return beside

    def draw(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, bool]:
        """A slice with its neighbours (C, H, W), its codes (H, W), and whether it is sagittal."""
        number = int(rng.choice(self._numbers))
        image, codes = self._store.read_stack(number, self._neighbours)
        return image.astype(np.float32), codes, self._store.axis(number) == "sagittal"
