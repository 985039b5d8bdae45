"""Section "Next step": the line at the top."""
