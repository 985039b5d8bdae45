"""Completing an annotation: the rest of a scan follows from what was drawn on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..inference import Segmentation, segment
from ..inference.contrasts import Images, name_of, shown_images
from ..inference.within import known_of
from ..labels import LabelSets
from ..networks.device import choose_device
from ..networks.freed_memory import freed_memory_kept
from ..networks.model import Model
from ..volumes.preprocessing import prepare
from .adaptation import Effort, adapt
from .beside import Beside
from .drawn import Drawn
from .enough import why_not_enough

# The stage in words, and how many of how many steps of it are done.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Completion:
    """A segmentation that keeps what was drawn.

    `model` is the one that learned from the drawing; None where none did, and then `reason` says in
    a sentence why.
    """

    segmentation: Segmentation
    model: Model | None
    reason: str = ""


def complete(
    image: Images,
    model: Model,
    known: LabelSets,
    *,
    learn: bool = True,
    effort: Effort | None = None,
    beside: Beside | None = None,
    device: str = "auto",
    mirror: bool = False,
    confidence: bool = False,
    seed: int = 0,
    progress: Progress | None = None,
) -> Completion:
    """Segment a scan as what was drawn on it says, and as a model that learned from that finds it.

    The model first learns, in a copy, from what was drawn on this scan alone; then each voxel is
    the most probable leaf of S. Where too little was drawn to learn from, only the latter is done.

    Args:
        image: as for `segment`.
        known: what was drawn, (X, Y, Z) on the scan's own grid.
        learn: whether to learn first.
        effort: how long; by default less than a minute on two processor cores.
        beside: scans of a dataset to learn from too.
        mirror, confidence: as for `segment`.

    Raises UserError as `segment` does.
    """
    name = name_of(image)
    shown = shown_images(image, [model.info], name)
    known = known_of(known, model.scheme, shown.first.grid)
    told = _Told(progress)
    reason, adapted = "You asked not to learn from it.", None
    if learn:
        prepared = prepare(shown.volumes, model.info.preprocessing, name)
        drawn = Drawn(prepared, known)
        reason = why_not_enough(drawn)
        if reason is None:
            with freed_memory_kept():
                adapted = adapt(
                    model,
                    prepared,
                    drawn,
                    choose_device(device),
                    effort,
                    beside,
                    seed,
                    told.of("Learning from what was drawn"),
                )
    pairs = zip(shown.contrasts, shown.volumes, strict=True)
    result = segment(
        {contrast: volume for contrast, volume in pairs if volume is not None},
        adapted or model,
        device=device,
        mirror=mirror,
        confidence=confidence,
        known=known,
        progress=told.of("Completing"),
    )
    return Completion(result, adapted, reason or "")


class _Told:
    def __init__(self, progress: Progress | None):
        self._progress = progress

    def of(self, stage: str) -> Callable[[int, int], None] | None:
        if self._progress is None:
            return None
        return lambda done, total: self._progress(stage, done, total)
