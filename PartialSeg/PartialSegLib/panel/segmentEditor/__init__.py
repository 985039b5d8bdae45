"""Section "Segment Editor"."""
