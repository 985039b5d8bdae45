"""What every import shares: labelmaps of a scheme's values become the cases of a new dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import UserError
from ..files import atomic_folder
from ..labels import LabelScheme, LabelSets, Status
from ..labels.scheme import OUTSIDE
from ..volumes import Volume, check_fetched, read_labelmap, read_volume
from .folder import Dataset
from .hiding import check_hidden, hide_labels, status_after_hiding, subjects_kept_full
from .pairing import Pair, scan_name
from .progress import Progress

Groups = Mapping[str, str] | Callable[[str], str | None]
# Voxels by (value in the labelmaps, name of the label it was taken for, "outside" or "unknown").
Tally = Counter[tuple[int, str]]


@dataclass(frozen=True)
class Reading:
    """How the voxel values of the source are to be understood.

    `mapping` is value of the source -> value of the scheme (0 outside), for all values at once;
    a value that it leaves out keeps itself. Nothing is known about voxels of the value `ignored`.
    `known` names the labels that were annotated to the end; without it, each voxel says just what
    is written in it, and one with the value of a super-label may be any part of it.
    """

    mapping: Mapping[int, int] | None = None
    ignored: int | None = None
    known: Collection[str] | None = None

    def label_sets(self, scheme: LabelScheme, labelmap: Volume, path: Path) -> LabelSets:
        """The label sets of a source's labelmap. Raises UserError for values without a meaning."""
        values = self._mapped(scheme, labelmap.data, path)
        if self.known is None:
            return LabelSets.from_labelmap(scheme, values)
        region = None if self.ignored is None else labelmap.data != self.ignored
        masks = {name: scheme.mask(values, name) for name in self.known}
        status = dict.fromkeys(self.known, Status.COMPLETE)
        return LabelSets.from_masks(scheme, masks, status, region=region, affine=labelmap.affine)

    def meanings(self, scheme: LabelScheme, labelmap: np.ndarray) -> Tally:
        """What each value of a source's labelmap is taken for, and in how many voxels."""
        named = {0: OUTSIDE, **{label.value: label.name for label in scheme}}
        counts = np.bincount(labelmap.ravel(order="K"))
        return Counter(
            {
                (value, self._meaning(value, named)): int(counts[value])
                for value in np.flatnonzero(counts).tolist()
            }
        )

    def _meaning(self, value: int, named: Mapping[int, str]) -> str:
        return "unknown" if value == self.ignored else named[(self.mapping or {}).get(value, value)]

    def check(self, scheme: LabelScheme) -> None:
        """Raise UserError when the mapping leads to a value that the scheme does not have."""
        allowed = {0, *(label.value for label in scheme)}
        for old, new in (self.mapping or {}).items():
            if old < 0 or new not in allowed:
                raise UserError(
                    f"The mapping {old}={new} leads outside scheme '{scheme.name}'; map values "
                    f"from 0 on to 0 or one of {_table(scheme)}."
                )

    def _mapped(self, scheme: LabelScheme, data: np.ndarray, path: Path) -> np.ndarray:
        counts = np.bincount(data.ravel(order="K"))
        table = np.arange(len(counts))
        for old, new in {**(self.mapping or {}), self.ignored: 0}.items():
            if old is not None and old < len(table):
                table[old] = new
        allowed = [0, *(label.value for label in scheme)]
        strange = [
            f"{value} ({counts[value]} voxels)"
            for value in np.flatnonzero(counts)
            if table[value] not in allowed
        ]
        if strange:
            raise UserError(
                f"{path} has values that scheme '{scheme.name}' does not: {', '.join(strange)}; "
                f"map each to 0 or one of {_table(scheme)}."
            )
        return table.astype(np.min_scalar_type(max(allowed)))[data]


def import_scans(
    pairs: Sequence[Pair],
    scheme: LabelScheme | str | Path,
    output: str | Path,
    *,
    reading: Reading,
    hide: Collection[str],
    keep_full: int,
    seed: int,
    groups: Groups | None,
    tally: Tally | None,
    progress: Progress | None,
) -> Dataset:
    """Write a new dataset with a case for every pair, one scan in memory at a time.

    All or nothing: the folder appears when the last case is written. Raises UserError as the
    importers say.
    """
    if not isinstance(scheme, LabelScheme):
        scheme = LabelScheme.load(scheme)
    output = Path(output)
    reading.check(scheme)
    check_hidden(scheme, hide, keep_full)
    check_fetched(path for pair in pairs for path in (pair.image, pair.labels))
    subjects = sorted({pair.scan.subject for pair in pairs})
    kept = subjects_kept_full(subjects, keep_full, seed)
    group_of = _group_lookup(groups, subjects)
    with atomic_folder(output) as temporary:
        dataset = Dataset.create(temporary, scheme, output.resolve().name)
        for done, pair in enumerate(pairs, start=1):
            subject = pair.scan.subject
            image, labelmap = read_volume(pair.image), read_labelmap(pair.labels)
            difference = labelmap.grid.mismatch(image.grid)
            if difference:
                raise UserError(
                    f"{pair.labels} does not fit {pair.image}: its {difference}; resample the "
                    "labelmap to the image first."
                )
            hidden = () if subject in kept else hide
            sets = hide_labels(reading.label_sets(scheme, labelmap, pair.labels), hidden)
            if tally is not None:
                tally.update(reading.meanings(scheme, labelmap.data))
            dataset.add_case(
                subject,
                image,
                sets,
                status_after_hiding(sets, hidden),
                session=pair.scan.session,
                group=group_of(subject),
            )
            if progress:
                progress(done, len(pairs))
    return Dataset.open(output)


def _group_lookup(groups: Groups | None, subjects: list[str]) -> Callable[[str], str | None]:
    if groups is None:
        return lambda subject: None
    if callable(groups):
        return groups
    named: dict[str, str] = {}
    for name, group in groups.items():
        if named.setdefault(scan_name(name).subject, group) != group:
            raise UserError(
                f"The groups name sub-{scan_name(name).subject} twice, for '{group}' and for "
                f"'{named[scan_name(name).subject]}'; name each subject once."
            )
    unknown = sorted(named.keys() - set(subjects))
    if unknown:
        raise UserError(
            f"The groups name the subjects {', '.join(unknown)}, which are not imported; there are "
            f"{', '.join(subjects)}."
        )
    return named.get


def _table(scheme: LabelScheme) -> str:
    return ", ".join(f"{label.value} ({label.name})" for label in scheme)
