"""Cases of a dataset: written, listed and brought back."""
