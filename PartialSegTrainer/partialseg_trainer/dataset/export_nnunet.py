"""Export as a raw dataset of nnU-Net, and count what its format cannot say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import UserError
from ..files import atomic_folder, write_json
from ..volumes import brought_to, write_volume
from .case import Case
from .folder import Dataset, compact
from .nnunet_folds import SPLITS, nnunet_folds
from .nnunet_labels import IGNORE, Declaration, declare_scheme
from .nnunet_values import DATASET_JSON, VALUES, VALUES_KEY, NnUNetValues
from .progress import Progress


@dataclass(frozen=True)
class VoxelCounts:
    """Of the voxels of one scan: how many keep a label, and how many become `ignore`.

    `lost` voxels are known in part (a super-label without its children, say), which nnU-Net cannot
    say; `unknown` ones carry nothing that could be lost.
    """

    kept: int
    lost: int
    unknown: int


@dataclass(frozen=True)
class NnUNetExport:
    """Where the export lies, and the voxel counts of each case by its name.

    `test` names the cases in imagesTs; `folds` is how many splits_final.json has, 0 without it.
    """

    folder: Path
    counts: dict[str, VoxelCounts]
    test: tuple[str, ...] = ()
    folds: int = 0

    @property
    def lost(self) -> int:
        """The voxels of all cases whose partial knowledge is lost."""
        return sum(entry.lost for entry in self.counts.values())


def export_nnunet(
    dataset: Dataset, folder: str | Path, progress: Progress | None = None
) -> NnUNetExport:
    """Write a raw dataset of nnU-Net v2 into a new folder.

    A voxel that can only be one leaf gets its value, every other one becomes `ignore`: nnU-Net
    has one mask for all regions, so a voxel known to be cerebrum but not which part would lose
    all it says. Values are renumbered from 1 where the scheme leaves gaps; `partialseg.json` has
    the way back, and dataset.json too, which nnU-Net copies to its predictions.

    Subjects fixed for testing, with their groups, go to `imagesTs` and `labelsTs`, the others to
    `imagesTr` and `labelsTr`; `splits_final.json` keeps subjects and groups together in the folds
    (see `nnunet_folds`). Images are written anew, with a header that names nobody; of several
    contrasts each is a channel, on the grid of the first, as nnU-Net demands.

    Raises UserError when the folder exists, no scan is left to train on, or the dataset is empty or
    has a case that cannot be read, here or, because it is sheared, by nnU-Net.
    """
    cases = dataset.cases
    if not cases:
        raise UserError(f"{dataset.folder} has no cases; import or export scans first.")
    declared = declare_scheme(dataset.scheme)
    folds = nnunet_folds(dataset)
    counts = {}
    with atomic_folder(folder) as temporary:
        for part, of_part in (("Tr", folds.train), ("Ts", folds.test)):
            for case in of_part:
                counts[case.name] = _write(case, dataset, declared, temporary, part)
                if progress:
                    progress(len(counts), len(cases))
        unknown = any(entry.lost or entry.unknown for entry in counts.values())
        values = NnUNetValues(
            dataset.scheme, declared.mapping, declared.ignored if unknown else None, Path(VALUES)
        ).to_dict()
        content = {
            "name": dataset.name,
            "channel_names": {
                str(number): contrast for number, contrast in enumerate(dataset.contrasts)
            },
            "labels": dict(declared.labels),
            "numTraining": len(folds.train),
            "file_ending": ".nii.gz",
        }
        if unknown:
            content["labels"][IGNORE] = declared.ignored
        if declared.regions_class_order is not None:
            content["regions_class_order"] = declared.regions_class_order
        write_json(temporary / DATASET_JSON, {**content, VALUES_KEY: values})
        write_json(temporary / VALUES, values)
        if folds.splits is not None:
            write_json(temporary / SPLITS, folds.splits)
    test = tuple(case.name for case in folds.test)
    return NnUNetExport(Path(folder), counts, test, len(folds.splits or ()))


def _write(
    case: Case, dataset: Dataset, declared: Declaration, root: Path, part: str
) -> VoxelCounts:
    """Write one case to imagesTr and labelsTr, or Ts. Raises UserError for a sheared scan."""
    sets, volumes = case.label_sets(dataset.scheme), list(case.images().values())
    image = volumes[0]
    leaves = sets.leaf_sets()
    single = leaves.sum(axis=1) == 1
    values = np.where(single, declared.leaf_values[leaves.argmax(axis=1)], declared.ignored)
    labelmap = values.astype(np.min_scalar_type(declared.ignored))[sets.codes]
    if image.grid.affine_of_itk is None:
        raise UserError(
            f"{case.image_path} has axes that are not at right angles, which nnU-Net's reader "
            "cannot open; resample the scan to a grid without shear and import or export it anew."
        )
    images, labels = root / f"images{part}", root / f"labels{part}"
    for folder in (images, labels):
        folder.mkdir(exist_ok=True)
    for number, volume in enumerate(volumes):
        data = volume.data if number == 0 else brought_to(volume, image.grid).data
        write_volume(images / f"{case.name}_{number:04d}.nii.gz", image.with_data(compact(data)))
    write_volume(labels / f"{case.name}.nii.gz", image.with_data(labelmap))
    voxels = np.bincount(sets.codes.ravel(order="K"), minlength=len(leaves))
    unknown = leaves.all(axis=1)
    return VoxelCounts(
        kept=int(voxels[single].sum()),
        lost=int(voxels[~single & ~unknown].sum()),
        unknown=int(voxels[unknown].sum()),
    )
