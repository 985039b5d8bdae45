"""The panel: one file a section, each with its own .ui file, joined by the parameter node."""
