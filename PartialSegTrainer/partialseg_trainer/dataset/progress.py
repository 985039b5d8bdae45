"""How long work on many scans tells where it stands."""

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called with the number of scans done and the number of all scans."""
