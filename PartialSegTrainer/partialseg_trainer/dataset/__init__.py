"""Datasets of partly labelled scans: a BIDS derivative, its imports, exports, checks and splits."""

from .case import Case, CaseInfo
from .check import check_dataset
from .export_nnunet import NnUNetExport, VoxelCounts, export_nnunet
from .folder import CaseExistsError, Dataset
from .hiding import hide_labels
from .import_dhcp import import_dhcp
from .import_nnunet import import_nnunet
from .import_pairs import import_pairs
from .importing import Survey
from .known import Annotation, KnownScans, parse_annotation
from .layout import ScanName
from .nnunet_values import NnUNetValues, other_labels_beside, read_values, values_beside
from .partial_copy import partial_copy
from .problem import Problem
from .split import Split, assign_splits, split_subjects

__all__ = [
    "Annotation",
    "Case",
    "CaseExistsError",
    "CaseInfo",
    "Dataset",
    "KnownScans",
    "NnUNetExport",
    "NnUNetValues",
    "Problem",
    "ScanName",
    "Split",
    "Survey",
    "VoxelCounts",
    "assign_splits",
    "check_dataset",
    "export_nnunet",
    "hide_labels",
    "import_dhcp",
    "import_nnunet",
    "import_pairs",
    "other_labels_beside",
    "parse_annotation",
    "partial_copy",
    "read_values",
    "split_subjects",
    "values_beside",
]
