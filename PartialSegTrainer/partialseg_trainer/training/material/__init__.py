"""What a training learns from."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ...labels import LabelScheme
from .slices import SliceStore
from .split import SliceSplit


@dataclass(frozen=True)
class Material:
    """Prepared scans of the dataset of that name, which of them train, in which labels.

    `contrasts` are the suffixes that BIDS has for the images of each. `untold` are the labels that
    their annotation does not show (`told.untold_labels`); labels that a model made show no more.
    """

    dataset: str
    scheme: LabelScheme
    store: SliceStore
    split: SliceSplit
    contrasts: tuple[str, ...] = ("T2w",)
    untold: tuple[str, ...] = ()

    def of_full_scans(self) -> Material:
        """The same without the partial scans that train."""
        return replace(self, split=replace(self.split, partial=self.split.partial[:0]))

    def relabelled(self, store: SliceStore) -> Material:
        """The same scans in the same split with other labels of the same scheme."""
        return replace(self, store=store)

    def in_scheme(self, scheme: LabelScheme, store: SliceStore) -> Material:
        """The same in another scheme, each label of which some scan shows."""
        return replace(self, store=store, scheme=scheme, untold=())
