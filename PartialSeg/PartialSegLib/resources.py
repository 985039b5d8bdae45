"""Where the files lie that come along with the module."""

from pathlib import Path

RESOURCES = Path(__file__).resolve().parents[1] / "Resources"
