"""Batches that a thread reads while those before them are in use."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from torch.utils.data import Dataset

from .patches import Batch


class ReadAhead:
    """The batches of a dataset in order, each read while the one before it is used.

    So nothing waits for a disk that is fast enough for the network. It takes no process, as a
    worker of a DataLoader does: one would have to be started for every epoch.
    """

    def __init__(self, batches: Dataset[Batch]):
        self._batches = batches

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[Batch]:
        with ThreadPoolExecutor(max_workers=1) as reader:
            coming = None
            for position in range(len(self)):
                ready = coming
                coming = reader.submit(self._batches.__getitem__, position)
                if ready:
                    yield ready.result()
            if coming:
                yield coming.result()
