"""What every import shares: labelmaps of a scheme's values become the cases of a new dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np

from ..errors import UserError
from ..files import atomic_folder
from ..labels import LabelScheme, LabelSets, Status
from ..labels.scheme import OUTSIDE
from ..volumes import (
    Segments,
    Volume,
    check_fetched,
    is_segmentation,
    read_labelmap,
    read_segments,
    read_volume,
)
from .annotations import LEFT_OUT, NamedSegments
from .contrast import checked_contrasts, contrast_of_all
from .folder import Dataset, check_together
from .hiding import check_hidden, hide_labels, status_after_hiding, subjects_kept_full
from .pairing import Pair, scan_name
from .progress import Progress

Groups = Mapping[str, str] | Callable[[str], str | None]
UNKNOWN = LEFT_OUT


@dataclass
class Survey:
    """What an import found: whoever knows the labelmaps sees from it what went wrong.

    `scheme` is the one imported to, `contrasts` those of the scans, `pairs` are the scans,
    `fully_known` how many are labelled fully; `values` counts voxels by (value in the labelmaps or
    name of a segment, name of the label it was taken for, "outside" or "unknown"); `statuses`
    counts scans by (label, its status there); `doubts` are sentences on scans that programs do not
    see in one place, the first of each kind, with all scans that it is true of.
    """

    scheme: LabelScheme | None = None
    contrasts: tuple[str, ...] = ()
    pairs: list[Pair] = field(default_factory=list)
    values: Counter[tuple[int | str, str]] = field(default_factory=Counter)
    statuses: Counter[tuple[str, Status]] = field(default_factory=Counter)
    fully_known: int = 0
    doubts: dict[str, tuple[str, list[Path]]] = field(default_factory=dict)

    def add(
        self,
        pair: Pair,
        values: Mapping[tuple[int | str, str], int],
        status: Mapping[str, Status],
        doubts: Iterable[str] = (),
    ) -> None:
        """Count one scan."""
        self.pairs.append(pair)
        for doubt in doubts:
            # The figures in them differ from scan to scan.
            kind = " ".join(doubt.split()[:4])
            self.doubts.setdefault(kind, (doubt, []))[1].append(pair.image)
        self.values.update(values)
        self.statuses.update(status.items())


@dataclass(frozen=True)
class Reading:
    """How the voxel values of the source are to be understood.

    `mapping` is value of the source -> value of the scheme (0 outside), for all values at once;
    a value that it leaves out keeps itself. Nothing is known about voxels of the values `unknown`.
    `known` names the labels that were annotated to the end; without it, each voxel says just what
    is written in it, and one with the value of a super-label may be any part of it.

    `annotated` then names the labels that were drawn wherever they are, so that a voxel of 0 is
    none of them; all others may be there. "all" is every label, and None those that are named as
    new values in `mapping`, or, without one, those that occur in some labelmap: that nobody drew a
    label does not say that it is absent. Where they are so `implied`, a label of which Slicer's
    segments show nothing is not absent either: an empty segment says nothing by itself. `renamed`
    is by the name or ID of a segment the label that it is, or "unknown".
    """

    mapping: Mapping[int, int] | None = None
    unknown: Collection[int] = ()
    known: Collection[str] | None = None
    annotated: Collection[str] | Literal["all"] | None = None
    implied: bool = False
    renamed: Mapping[str, str] | None = None

    def label_sets(self, scheme: LabelScheme, labelmap: Volume | Segments, path: Path) -> LabelSets:
        """The label sets of a source's labelmap, or of its segments by their names and statuses.

        Raises UserError for values or segments without a meaning.
        """
        if isinstance(labelmap, Segments):
            annotated = self.annotated or ()
            looked_for = () if self.implied else annotated
            return NamedSegments(labelmap, scheme, self.renamed).label_sets(annotated, looked_for)
        values = self._mapped(scheme, labelmap.data, path)
        region = ~np.isin(labelmap.data, self.unknown) if self.unknown else None
        if self.known is None:
            annotated = None if self.annotated == "all" else self.annotated
            sets = LabelSets.from_labelmap(scheme, values, annotated=annotated)
            return sets if region is None else sets.within(region)
        masks = {name: scheme.mask(values, name) for name in self.known}
        status = dict.fromkeys(self.known, Status.COMPLETE)
        return LabelSets.from_masks(scheme, masks, status, region=region, affine=labelmap.affine)

    def settled(
        self, scheme: LabelScheme, sources: Iterable[tuple[Path, Volume | Segments]]
    ) -> Reading:
        """The same with `annotated` named, or "all".

        Raises UserError for a label that the scheme does not have, and, where nothing says which
        labels were annotated, as `drawn` does.
        """
        if self.known is not None or self.annotated == "all":
            return self
        if self.annotated is not None:
            for name in self.annotated:
                scheme.index(name)
            return self
        named = _names_by_value(scheme)
        chosen = {named[value] for value in (self.mapping or {}).values() if value}
        if not chosen:
            # Only all of them together say it, and they may not all be held in memory.
            chosen = set().union(*(self.drawn(scheme, *source) for source in sources))
        annotated = tuple(name for name in scheme.names if name in chosen)
        return replace(self, annotated=annotated, implied=True)

    def drawn(self, scheme: LabelScheme, path: Path, labelmap: Volume | Segments) -> set[str]:
        """The labels that occur in a source.

        Raises UserError where nothing says which labels were annotated and the source has none.
        """
        if isinstance(labelmap, Segments):
            found = NamedSegments(labelmap, scheme, self.renamed)
            if not found.telling:
                raise UserError(
                    f"No segment of {path} says anything: all are empty, not started or held "
                    "back (flagged); set their status in Slicer's Segment Editor, or leave the "
                    "file out."
                )
            return found.drawn
        drawn = {meaning for _, meaning in self.meanings(scheme, labelmap)}
        drawn -= {OUTSIDE, UNKNOWN, None}
        if not drawn:
            raise UserError(
                f"{path} has no label in it; leave it out, or say which labels were looked "
                "for and are absent there (--annotated all, or their names)."
            )
        return drawn

    def meanings(
        self, scheme: LabelScheme, labelmap: Volume | Segments
    ) -> Counter[tuple[int | str, str]]:
        """What each value or segment of a source is taken for, and in how many voxels."""
        if isinstance(labelmap, Segments):
            return Counter(NamedSegments(labelmap, scheme, self.renamed).voxels())
        named = _names_by_value(scheme)
        counts = np.bincount(labelmap.data.ravel(order="K"))
        return Counter(
            {
                (value, self._meaning(value, named)): int(counts[value])
                for value in np.flatnonzero(counts).tolist()
            }
        )

    def _meaning(self, value: int, named: Mapping[int, str]) -> str | None:
        if value in self.unknown:
            return UNKNOWN
        return named.get((self.mapping or {}).get(value, value))

    def check(self, scheme: LabelScheme) -> None:
        """Raise UserError when the mapping leads to a value or label that the scheme lacks."""
        for label in (self.renamed or {}).values():
            if label != UNKNOWN:
                scheme.index(label)
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
        for old, new in {**(self.mapping or {}), **dict.fromkeys(self.unknown, 0)}.items():
            if old < len(table):
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
                f"map each to 0 or one of {_table(scheme)}, or name it as the value of voxels of "
                "which nothing is known (--unknown)."
            )
        return table.astype(np.min_scalar_type(max(allowed)))[data]


def import_scans(
    pairs: Sequence[Pair],
    scheme: LabelScheme | str | Path,
    output: str | Path | None,
    *,
    reading: Reading,
    hide: Collection[str],
    keep_full: int,
    seed: int,
    groups: Groups | None,
    survey: Survey | None,
    progress: Progress | None,
    contrasts: Sequence[str] | None = None,
) -> Dataset | None:
    """Write a new dataset with a case for every pair, one scan in memory at a time.

    All or nothing: the folder appears when the last case is written. Without `output` everything
    is read, checked and put into the survey, and nothing is written. Raises UserError as the
    importers say.

    `contrasts` are those of the scans, in the order of the images of a pair; None reads the one
    that there is from their names (see `contrast_of_all`).
    """
    contrasts = checked_contrasts(contrasts or contrast_of_all(pair.image for pair in pairs))
    if not isinstance(scheme, LabelScheme):
        scheme = LabelScheme.load(scheme)
    check_fetched(path for pair in pairs for path in (*pair.images, pair.labels))
    reading.check(scheme)
    reading = reading.settled(scheme, ((pair.labels, _read_labels(pair.labels)) for pair in pairs))
    check_hidden(scheme, hide, keep_full)
    subjects = sorted({pair.scan.subject for pair in pairs})
    kept = subjects_kept_full(subjects, keep_full, seed)
    group_of = _group_lookup(groups, subjects)
    survey = Survey() if survey is None else survey
    survey.scheme, survey.contrasts = scheme, contrasts
    with nullcontext() if output is None else atomic_folder(output) as temporary:
        dataset = temporary and Dataset.create(
            temporary, scheme, Path(output).resolve().name, contrasts
        )
        for done, pair in enumerate(pairs, start=1):
            subject = pair.scan.subject
            volumes = dict(zip(contrasts, map(read_volume, pair.images), strict=True))
            image, labelmap = volumes[contrasts[0]], _read_labels(pair.labels)
            if reading.implied:
                reading.drawn(scheme, pair.labels, labelmap)
            doubts = [image.grid.doubt(), *check_together(volumes, str(pair.scan))]
            if isinstance(labelmap, Segments):
                labelmap = labelmap.on(image.grid)
            difference = labelmap.grid.mismatch(image.grid)
            if difference:
                raise UserError(
                    f"{pair.labels} does not fit {pair.image}: its {difference}; resample the "
                    "labelmap to the image first."
                )
            hidden = () if subject in kept else hide
            sets = hide_labels(reading.label_sets(scheme, labelmap, pair.labels), hidden)
            status = status_after_hiding(sets, hidden)
            survey.add(pair, reading.meanings(scheme, labelmap), status, filter(None, doubts))
            survey.fully_known += sets.fully_known
            if dataset is not None:
                dataset.add_case(
                    subject,
                    volumes,
                    sets,
                    status,
                    session=pair.scan.session,
                    group=group_of(subject),
                )
            if progress:
                progress(done, len(pairs))
    return None if output is None else Dataset.open(output)


def _read_labels(path: Path) -> Volume | Segments:
    return read_segments(path) if is_segmentation(path) else read_labelmap(path)


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


def _names_by_value(scheme: LabelScheme) -> dict[int, str]:
    return {0: OUTSIDE, **{label.value: label.name for label in scheme}}


def _table(scheme: LabelScheme) -> str:
    return ", ".join(f"{label.value} ({label.name})" for label in scheme)
