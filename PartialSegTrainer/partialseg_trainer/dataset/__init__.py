"""Datasets of partly labelled scans: a BIDS derivative, its imports, exports, checks and splits."""

from .case import Case, CaseInfo
from .folder import Dataset
from .hiding import hide_labels
from .import_pairs import import_pairs
from .layout import ScanName
from .split import Split, split_subjects

__all__ = [
    "Case",
    "CaseInfo",
    "Dataset",
    "ScanName",
    "Split",
    "hide_labels",
    "import_pairs",
    "split_subjects",
]
