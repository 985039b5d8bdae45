"""An annotation that was begun is completed: a model learns from it, and keeps to it."""

from .adaptation import Effort, adapt
from .beside import Beside
from .complete import Completion, complete
from .draw_next import SliceToDraw, draw_next
from .drawn import Drawn
from .enough import why_not_enough
from .keeping import keep, require_new

__all__ = [
    "Beside",
    "Completion",
    "Drawn",
    "Effort",
    "SliceToDraw",
    "adapt",
    "complete",
    "draw_next",
    "keep",
    "require_new",
    "why_not_enough",
]
