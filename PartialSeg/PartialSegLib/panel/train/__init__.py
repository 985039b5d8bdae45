"""Section "Train"."""
