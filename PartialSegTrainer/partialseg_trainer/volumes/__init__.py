"""Scans and labelmaps: read and write them, put them on other grids, bring them to one scale."""

from ..finding import ENDINGS, WRITTEN, check_fetched, find_volumes, match_volumes, split_ending
from .checksum import checksum
from .foreground import bounds, brain_box, foreground
from .grid import Grid, canonical_grid
from .intensity import normalise_intensity
from .reading import as_volume, read_labelmap, read_multilabel, read_volume
from .resampling import resample
from .same_space import brought_to, doubt_of_space
from .segments import Segments, is_segmentation, read_segments
from .skull import skull_stripped
from .volume import Volume, to_nibabel
from .writing import table_of, write_labelmap, write_multilabel, write_shares, write_volume

__all__ = [
    "ENDINGS",
    "WRITTEN",
    "Grid",
    "Segments",
    "Volume",
    "as_volume",
    "bounds",
    "brain_box",
    "brought_to",
    "canonical_grid",
    "check_fetched",
    "checksum",
    "doubt_of_space",
    "find_volumes",
    "foreground",
    "is_segmentation",
    "match_volumes",
    "normalise_intensity",
    "read_labelmap",
    "read_multilabel",
    "read_segments",
    "read_volume",
    "resample",
    "skull_stripped",
    "split_ending",
    "table_of",
    "to_nibabel",
    "write_labelmap",
    "write_multilabel",
    "write_shares",
    "write_volume",
]
