"""Section "Export"."""
