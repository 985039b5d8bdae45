"""Export as a raw dataset of nnU-Net, and count what its format cannot say."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import UserError
from ..files import atomic_folder, write_json
from ..volumes import write_volume
from .folder import Dataset
from .nnunet_labels import IGNORE, declare_scheme
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
    """Where the export lies, and the voxel counts of each case by its name."""

    folder: Path
    counts: dict[str, VoxelCounts]

    @property
    def lost(self) -> int:
        """The voxels of all cases whose partial knowledge is lost."""
        return sum(entry.lost for entry in self.counts.values())


def export_nnunet(
    dataset: Dataset, folder: str | Path, progress: Progress | None = None
) -> NnUNetExport:
    """Write `dataset.json`, `imagesTr` and `labelsTr` of nnU-Net v2 into a new folder.

    A voxel that can only be one leaf gets its value, every other one becomes `ignore`: nnU-Net
    has one mask for all regions, so a voxel known to be cerebrum but not which part would lose
    all it says. Values are renumbered from 1 where the scheme leaves gaps.

    Raises UserError when the folder exists, or the dataset is empty or has a case that cannot be
    read, here or, because it is sheared, by nnU-Net.
    """
    cases = dataset.cases
    if not cases:
        raise UserError(f"{dataset.folder} has no cases; import or export scans first.")
    declared = declare_scheme(dataset.scheme)
    counts = {}
    with atomic_folder(folder) as temporary:
        images, labels = temporary / "imagesTr", temporary / "labelsTr"
        images.mkdir()
        labels.mkdir()
        for done, case in enumerate(cases, start=1):
            sets, image = case.label_sets(dataset.scheme), case.image()
            leaves = sets.leaf_sets()
            single = leaves.sum(axis=1) == 1
            values = np.where(single, declared.leaf_values[leaves.argmax(axis=1)], declared.ignored)
            labelmap = values.astype(np.min_scalar_type(declared.ignored))[sets.codes]
            if image.grid.affine_of_itk is None:
                raise UserError(
                    f"{case.image_path} has axes that are not at right angles, which nnU-Net's "
                    "reader cannot open; resample the scan to a grid without shear and import or "
                    "export it anew."
                )
            shutil.copyfile(case.image_path, images / f"{case.name}_0000.nii.gz")
            write_volume(labels / f"{case.name}.nii.gz", image.with_data(labelmap))
            voxels = np.bincount(sets.codes.ravel(order="K"), minlength=len(leaves))
            unknown = leaves.all(axis=1)
            counts[case.name] = VoxelCounts(
                kept=int(voxels[single].sum()),
                lost=int(voxels[~single & ~unknown].sum()),
                unknown=int(voxels[unknown].sum()),
            )
            if progress:
                progress(done, len(cases))
        content = {
            "name": dataset.name,
            "channel_names": {"0": "T2w"},
            "labels": dict(declared.labels),
            "numTraining": len(cases),
            "file_ending": ".nii.gz",
        }
        if any(entry.lost or entry.unknown for entry in counts.values()):
            content["labels"][IGNORE] = declared.ignored
        if declared.regions_class_order is not None:
            content["regions_class_order"] = declared.regions_class_order
        write_json(temporary / "dataset.json", content)
    return NnUNetExport(Path(folder), counts)
