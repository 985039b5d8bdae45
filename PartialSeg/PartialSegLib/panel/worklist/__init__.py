"""Section "Worklist"."""
