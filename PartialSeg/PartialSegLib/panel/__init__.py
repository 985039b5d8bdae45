"""The panel: one folder a section, each with its own .ui file, joined by the parameter node."""
