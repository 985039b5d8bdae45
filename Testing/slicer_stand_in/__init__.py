"""A small, honest stand-in for Slicer's Qt side, on PySide6 and the real MRML of slicer-core."""

from .lasting_none import letNoneLast

letNoneLast()
