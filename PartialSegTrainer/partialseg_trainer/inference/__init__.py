"""Segmentation of new scans with a trained model."""

from .batch import Job, find_jobs, segment_files
from .models import default_model, list_models, load_model
from .segment import Segmentation, segment

__all__ = [
    "Job",
    "Segmentation",
    "default_model",
    "find_jobs",
    "list_models",
    "load_model",
    "segment",
    "segment_files",
]
