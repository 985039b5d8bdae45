"""Section "Labels"."""
