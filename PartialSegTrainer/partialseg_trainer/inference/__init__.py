"""Segmentation of new scans with a trained model."""

from .batch import (
    Job,
    find_images,
    find_jobs,
    find_scans,
    holds_scans,
    labelmaps_left_out,
    other_contrast,
    segment_files,
    write_segmentation,
)
from .ensemble import as_ensemble
from .loading import load_model
from .outputs import Outputs, Part, chosen_labels
from .segment import Segmentation, segment

__all__ = [
    "Job",
    "Outputs",
    "Part",
    "Segmentation",
    "as_ensemble",
    "chosen_labels",
    "find_images",
    "find_jobs",
    "find_scans",
    "holds_scans",
    "labelmaps_left_out",
    "load_model",
    "other_contrast",
    "segment",
    "segment_files",
    "write_segmentation",
]
