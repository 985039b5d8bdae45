"""The PartialSeg engine: learn to segment the newborn brain from whatever annotations exist."""

__version__ = "0.1.0"
