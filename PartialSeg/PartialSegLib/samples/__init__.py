"""Scans to try things with."""
