"""How fast the masks of an annotated scan become a case of a dataset.

    python Testing/benchmarks/encoding.py

The scan is a phantom newborn of 256 x 256 x 256 voxels whose eleven labels are known in part: one
is not annotated, one is in progress. The limit is nibabel, writing the same two files without
encoding, checksums, sidecar, or a flush to the disk.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import nibabel
import numpy as np

from measuring import Report, in_turns, parser, peak_memory
from partialseg_trainer.dataset import Dataset
from partialseg_trainer.labels import LabelScheme, LabelSets, Status
from partialseg_trainer.synthesis import make_phantom
from partialseg_trainer.synthesis.phantom import FIELD_MM
from partialseg_trainer.volumes import Volume


def main() -> None:
    arguments = parser(__doc__).parse_args()
    size = 96 if arguments.small else 256
    report = Report("encoding", arguments.output)
    scheme = scheme_of_eleven()
    phantom = make_phantom(1, shape=(size,) * 3, spacing=max(FIELD_MM) / size)
    affine = phantom.image.affine
    # As a scanner writes it, and as Slicer hands both over: (K, J, I).
    scan = np.ascontiguousarray(np.rint(phantom.image.data).astype(np.int16).T)
    labelmap = np.ascontiguousarray(phantom.labelmap.data.T)
    masks = {name: scheme.mask(labelmap, name) for name in scheme.names}
    status = dict.fromkeys(scheme.names, Status.COMPLETE)
    status |= {"wm": Status.NOT_ANNOTATED, "cgm": Status.IN_PROGRESS}

    with tempfile.TemporaryDirectory() as folder:
        dataset = Dataset.create(Path(folder) / "dataset", scheme, "benchmark")

        def encode() -> LabelSets:
            return LabelSets.from_masks(scheme, masks, status)

        def write(sets: LabelSets) -> None:
            known = LabelSets(scheme, sets.codes.T, sets.leaf_sets())
            dataset.add_case("01", Volume(scan.T, affine), known, status, replace=True)

        sets = encode()
        write(sets)
        case = dataset.cases[0]
        # In the order of the file, which nibabel writes fastest.
        tensor = np.asfortranarray(nibabel.load(case.labels_path).dataobj)
        assert np.array_equal(tensor.T, sets.multilabel()), "the file holds other values"
        assert np.array_equal(nibabel.load(case.image_path).dataobj, scan.T)
        files = {"labels.nii.gz": tensor, "image.nii.gz": scan.T}

        def nibabel_alone() -> None:
            for name, data in files.items():
                nibabel.save(nibabel.Nifti1Image(data, affine), Path(folder) / name)

        seconds = in_turns(
            {
                "both": lambda: write(encode()),
                "encode": encode,
                "write": lambda: write(sets),
                "nibabel": nibabel_alone,
            },
            rounds=7,
        )
        limit = seconds["nibabel"]
        what, against = f"{size}^3, 11 labels", "nibabel.save of the same bytes"
        report.add(
            f"masks to a written case, {what}",
            against,
            seconds["both"] / limit,
            "<= 1",
            f"{seconds['both']:.2f} s against {limit:.2f} s",
        )
        report.add("masks to label sets alone", against, seconds["encode"] / limit)
        report.add("label sets to a written case alone", against, seconds["write"] / limit)
        ours = case.labels_path.stat().st_size + case.image_path.stat().st_size
        theirs = sum((Path(folder) / name).stat().st_size for name in files)
        report.add("size of both files", "nibabel's", ours / theirs, "<= 1")
        peak = peak_memory(lambda: write(encode()))
        report.add("peak memory", "the 0/1/2 tensor", peak / tensor.nbytes, "<= 1")
    report.finish()


def scheme_of_eleven() -> LabelScheme:
    """dhcp9 with a super-label for both parts of the hindbrain."""
    content = LabelScheme.load("dhcp9").to_dict()
    hindbrain = [x for x in content["labels"] if x["name"] in ("cerebellum", "brainstem")]
    content["labels"] = [x for x in content["labels"] if x not in hindbrain]
    content["labels"].append({"name": "hindbrain", "value": 11, "children": hindbrain})
    return LabelScheme.from_dict(content | {"name": "eleven"})


if __name__ == "__main__":
    main()
