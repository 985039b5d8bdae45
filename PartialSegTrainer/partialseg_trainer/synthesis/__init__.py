"""Synthetic scans with known tissues: phantom neonates, and new looks of annotated scans."""

from .cohort import synthesize_dataset
from .phantom import Phantom, make_phantom
from .randomised import Variation, randomise
from .varied import vary_dataset

__all__ = [
    "Phantom",
    "Variation",
    "make_phantom",
    "randomise",
    "synthesize_dataset",
    "vary_dataset",
]
