"""What later clicks import, imported beforehand: a little at a time, while nobody waits for it."""

from __future__ import annotations

import importlib

from .packages import FILES, missing
from .steps import Steps

# In the order in which they need each other, or a step would be all of it.
_MODULES = (
    *("psutil", "filelock", "platformdirs", "importlib.metadata"),
    *("pydantic_core", "annotated_types", "pydantic._internal._generate_schema", "pydantic"),
    "partialseg_trainer.runs",
)


def warmUp() -> Steps[None]:
    """Import what watching trainings needs, a module a step, if its packages are there."""
    if missing(FILES):
        return
    for name in _MODULES:
        importlib.import_module(name)
        yield
