"""Phantom neonates: synthetic scans with known tissues, for demonstration and for tests."""

from .phantom import Phantom, make_phantom

__all__ = ["Phantom", "make_phantom"]
