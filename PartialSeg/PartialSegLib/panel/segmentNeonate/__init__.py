"""Section "Segment neonate"."""
