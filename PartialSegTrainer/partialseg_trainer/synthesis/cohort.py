"""A dataset of phantom neonates, of which most have only their super-label drawn."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from ..dataset import Dataset, hide_labels
from ..dataset.contrast import DEFAULT
from ..dataset.hiding import status_after_hiding, subjects_kept_full
from ..dataset.progress import Progress
from ..errors import UserError
from ..files import atomic_folder
from ..labels import LabelScheme, LabelSets
from ..limits import SUBJECTS
from .phantom import SCHEME, make_phantom


def synthesize_dataset(
    output: str | Path,
    *,
    subjects: int,
    full: int,
    seed: int = 0,
    shape: tuple[int, int, int] | None = None,
    spacing: float = 1.0,
    hide: Collection[str] = ("cgm", "wm", "dgm"),
    contrasts: Sequence[str] = (DEFAULT,),
    progress: Progress | None = None,
) -> Dataset:
    """Write a new dataset of phantoms; it appears when the last scan is written.

    Of the `subjects`, `full` drawn by `seed` keep all labels; the others have the labels `hide` not
    annotated, by default the children of the total cerebrum. Subject n of a seed is the same
    phantom however many there are. `shape`, `spacing` and `contrasts` as in `make_phantom`; each
    scan has an image of each contrast.

    Raises UserError when the output exists, or for numbers and labels that make no dataset.
    """
    if subjects < 1:
        raise UserError(f"subjects is {subjects}; ask for 1 phantom or more.")
    SUBJECTS.check(subjects, "You ask for")
    if not 0 <= full <= subjects:
        raise UserError(f"full is {full}; choose from 0 to the {subjects} subjects.")
    if seed < 0:
        raise UserError(f"seed is {seed}; choose 0 or a larger whole number.")
    scheme = LabelScheme.load(SCHEME)
    for name in hide:
        scheme.index(name)
    names = [f"{number:03d}" for number in range(1, subjects + 1)]
    kept = subjects_kept_full(names, full, seed)
    output = Path(output)
    with atomic_folder(output) as temporary:
        dataset = Dataset.create(temporary, scheme, output.resolve().name, contrasts)
        for done, name in enumerate(names, start=1):
            phantom = make_phantom((seed, done), shape=shape, spacing=spacing, contrasts=contrasts)
            hidden = () if name in kept else hide
            sets = hide_labels(LabelSets.from_labelmap(scheme, phantom.labelmap.data), hidden)
            dataset.add_case(name, phantom.images, sets, status_after_hiding(sets, hidden))
            if progress:
                progress(done, subjects)
    return Dataset.open(output)
