"""Label schemes and label sets: what an annotation says, and does not say, about each voxel."""

from .scheme import Label, LabelScheme
from .sets import Contradiction, ContradictionError, LabelSets
from .status import Status

__all__ = [
    "Contradiction",
    "ContradictionError",
    "Label",
    "LabelScheme",
    "LabelSets",
    "Status",
]
