"""The way to the engine and back: jobs, packages, devices, models."""
