"""One training from beginning to end, in its run folder: watched, stopped, resumed, kept."""
