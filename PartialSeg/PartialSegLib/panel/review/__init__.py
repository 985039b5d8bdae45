"""Section "Review"."""
