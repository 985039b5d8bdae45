"""Segmentation of new scans with a trained model."""

from .batch import Job, find_jobs, find_scans, segment_files
from .models import default_model, list_models, load_model
from .segment import Segmentation, segment

__all__ = [
    "Job",
    "Segmentation",
    "default_model",
    "find_jobs",
    "find_scans",
    "list_models",
    "load_model",
    "segment",
    "segment_files",
]
