"""Phantom neonates: synthetic scans with known tissues, for demonstration and for tests."""

from .cohort import synthesize_dataset
from .phantom import Phantom, make_phantom

__all__ = ["Phantom", "make_phantom", "synthesize_dataset"]
