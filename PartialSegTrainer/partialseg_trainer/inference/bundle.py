"""A model as a MONAI bundle: what comes before and after the network, in MONAI's own terms."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..files import write_json, write_text
from ..networks.model import Model
from ..volumes.preprocessing import AXES, MARGIN_MM
from .islands import one_piece

NETWORK_FILE = "models/model.ts"
# Of these the bundle's own steps are made; they need nothing else of the engine.
_SCRIPTS = (
    *("volumes/foreground.py", "volumes/intensity.py", "volumes/pieces.py"),
    "inference/bundle_parts.py",
)
_PARTS = "scripts.inference.bundle_parts"
_ENGINE = Path(__file__).resolve().parents[1]
# The form of metadata.json that MONAI checks by.
_SCHEMA = (
    "https://github.com/Project-MONAI/MONAI-extra-test-data/releases/download/0.8.1/"
    "meta_schema_20240725.json"
)
_MONAI = "1.6.1"


def write_bundle(model: Model, folder: Path) -> None:
    """Write all of a bundle but its network, `NETWORK_FILE`, into a folder."""
    for name in ("configs", "docs", "models"):
        (folder / name).mkdir()
    write_text(folder / "LICENSE", f"{model.info.licence}\n")
    write_json(folder / "configs" / "metadata.json", metadata(model))
    write_json(folder / "configs" / "inference.json", inference(model))
    write_text(folder / "docs" / "README.md", _readme(model))
    for script in _SCRIPTS:
        target = folder / "scripts" / script
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_ENGINE / script, target)
        write_text(target.parent / "__init__.py", "")
    write_text(folder / "scripts" / "__init__.py", "")


def metadata(model: Model) -> dict[str, Any]:
    """The content of metadata.json, by MONAI's bundle specification."""
    info, scheme = model.info, model.scheme
    divisor = int(model.network.divisor)
    sides = list(info.patch or [f"{divisor}*n"] * 2)
    leaves = {str(number): name for number, name in enumerate(scheme.leaf_names)}
    name = info.title or info.name
    return {
        "schema": _SCHEMA,
        "version": "1.0.0",
        "changelog": {"1.0.0": f"exported from PartialSeg; trained on {info.date}"},
        "monai_version": _MONAI,
        "pytorch_version": torch.__version__.split("+")[0],
        "numpy_version": np.__version__,
        "required_packages_version": {
            "nibabel": "5.2.0",
            "pytorch-ignite": "0.5.0",
            "scikit-image": "0.22.0",
            "scipy": "1.11.0",
        },
        "name": name,
        "task": f"Segmentation of {scheme.title or scheme.name}",
        "description": f"Labels {', '.join(scheme.names)} in {info.contrast} scans; its network "
        f"sees {info.seen}.",
        "authors": "not stated",
        "copyright": info.licence,
        "data_source": info.training_data,
        "data_type": "nibabel",
        "image_classes": f"one channel of a {info.contrast} scan",
        "label_classes": "labelmaps of the values that configs/inference.json maps leaves to",
        "pred_classes": f"{scheme.n_leaves} channels of the leaves' probabilities",
        "intended_use": "Research; it is no medical device and must not be used for diagnosis.",
        "network_data_format": {
            "inputs": {
                "image": {
                    "type": "image",
                    "format": "magnitude",
                    "modality": "MR",
                    "num_channels": info.preprocessing.channels,
                    "spatial_shape": sides,
                    "dtype": "float32",
                    "value_range": [0, 1],
                    "is_patch_data": info.patch is not None,
                    "channel_def": _channels(info.preprocessing.neighbours, info.contrast),
                }
            },
            "outputs": {
                "pred": {
                    "type": "probabilities",
                    "format": "segmentation",
                    "num_channels": scheme.n_leaves,
                    "spatial_shape": sides,
                    "dtype": "float32",
                    "value_range": [0, 1],
                    "is_patch_data": info.patch is not None,
                    "channel_def": leaves,
                }
            },
        },
    }


def inference(model: Model) -> dict[str, Any]:
    """The content of inference.json: what `monai.bundle run` does with a folder of scans."""
    info, scheme = model.info, model.scheme
    values = [int(value) for value in scheme.leaf_values]
    after: list[dict[str, Any]] = [
        {"_target_": f"{_PARTS}.OnScanGridd", "keys": "pred"},
        {"_target_": "AsDiscreted", "keys": "pred", "argmax": True},
        {
            "_target_": "MapLabelValued",
            "keys": "pred",
            "orig_labels": list(range(scheme.n_leaves)),
            "target_labels": values,
            "dtype": "$np.int32",
        },
    ]
    if one_piece(scheme):
        after.append(
            {"_target_": f"{_PARTS}.JoinPiecesd", "keys": "pred", "values": one_piece(scheme)}
        )
    after.append(
        {
            "_target_": "SaveImaged",
            "keys": "pred",
            "output_dir": "@output_dir",
            "output_postfix": "seg",
            "output_dtype": "$np.uint8" if max(values) < 256 else "$np.int32",
            "resample": False,
            "separate_folder": False,
        }
    )
    return {
        "imports": ["$import glob", "$import numpy as np", "$import torch"],
        "bundle_root": ".",
        "dataset_dir": "$@bundle_root + '/scans'",
        "output_dir": "$@bundle_root + '/eval'",
        "datalist": "$sorted(glob.glob(@dataset_dir + '/*.nii*'))",
        "device": "$torch.device('cuda:0' if torch.cuda.is_available() else 'cpu')",
        "network_def": f"$torch.jit.load(@bundle_root + '/{NETWORK_FILE}', map_location=@device)",
        "network": "$@network_def.to(@device).eval()",
        "preprocessing": {
            "_target_": "Compose",
            "transforms": [
                {"_target_": "LoadImaged", "keys": "image", "reader": "NibabelReader"},
                {"_target_": "EnsureChannelFirstd", "keys": "image"},
                {
                    "_target_": f"{_PARTS}.ScaleToForegroundd",
                    "keys": "image",
                    "margin_mm": MARGIN_MM,
                },
                {"_target_": "Orientationd", "keys": "image", "axcodes": "RAS", "labels": None},
                {
                    "_target_": f"{_PARTS}.IsotropicSpacingd",
                    "keys": "image",
                    "spacing": info.preprocessing.spacing,
                },
            ],
        },
        "dataset": {
            "_target_": "Dataset",
            "data": "$[{'image': path} for path in @datalist]",
            "transform": "@preprocessing",
        },
        "dataloader": {"_target_": "DataLoader", "dataset": "@dataset", "batch_size": 1},
        "inferer": _inferer(model),
        "postprocessing": {"_target_": "Compose", "transforms": after},
        "handlers": [],
        "evaluator": {
            "_target_": "SupervisedEvaluator",
            "device": "@device",
            "val_data_loader": "@dataloader",
            "network": "@network",
            "inferer": "@inferer",
            "postprocessing": "@postprocessing",
            "val_handlers": "@handlers",
        },
        "run": ["$@evaluator.run()"],
    }


def _inferer(model: Model) -> dict[str, Any]:
    info = model.info
    if info.patch is None:
        return {
            "_target_": f"{_PARTS}.SlicesInferer",
            "axes": [AXES.index(axis) for axis in info.preprocessing.axes],
            "neighbours": info.preprocessing.neighbours,
            "divisor": int(model.network.divisor),
        }
    return {
        "_target_": f"{_PARTS}.BlocksInferer",
        "axis": AXES.index(info.preprocessing.axes[-1]),
        "block": list(info.patch),
        "overlap": 0.5,
    }


def _channels(neighbours: int, contrast: str) -> dict[str, str]:
    return {
        str(number): f"{contrast}, {offset:+d} slices" if offset else contrast
        for number, offset in enumerate(range(-neighbours, neighbours + 1))
    }


def _readme(model: Model) -> str:
    info, scheme = model.info, model.scheme
    labels = "\n".join(
        f"| {value} | {name} |"
        for value, name in zip(scheme.leaf_values.tolist(), scheme.leaf_names, strict=True)
    )
    untold = f"\nIt never finds {', '.join(info.untold)}.\n" if info.untold else ""
    return f"""# {info.title or info.name}

A model of PartialSeg as a bundle for MONAI {_MONAI} or newer: {info.contrast} scans in, labelmaps
out. Its network sees {info.seen}. What it was trained on, and how well it does, is in
MODEL_CARD.md of the bundle. Licence: {info.licence}.

    pip install "monai>={_MONAI}" pytorch-ignite nibabel scikit-image scipy fire
    python -m monai.bundle run --config_file configs/inference.json --bundle_root . \\
        --dataset_dir FOLDER-OF-NIFTI-SCANS --output_dir RESULTS

`models/model.ts` is the network as TorchScript. It ends in the decoding of its channels down the
tree of labels, so what it gives are probabilities of the leaves, which add up to 1.

Loading, orientation, the most probable leaf, its value and writing are MONAI's own transforms. A
few steps MONAI has no transforms for; they are in `scripts`, which needs nothing of PartialSeg:

- `ScaleToForegroundd`: intensities by percentiles of the foreground, and a margin in mm.
- `IsotropicSpacingd`: blurs before it makes a scan coarser, and keeps its centre.
- `SlicesInferer` or `BlocksInferer`: neighbouring slices as channels, and the mean of several
  directions; blocks that cut a scan in the direction that the network learned from.
- `OnScanGridd`: probabilities back on the scan's own grid, in one step.
- `JoinPiecesd`: islands of what is one piece take the label around them.

Left out are the warnings of PartialSeg about scans that the model may not know, and that it may
show the network such a scan turned, at another size, inverted or smoothed.
{untold}
| value | leaf |
| ---: | --- |
{labels}

A super-label is the union of its parts: {_tree(model)}.
"""


def _tree(model: Model) -> str:
    parents = [label for label in model.scheme if label.children]
    return "; ".join(f"{label.name} = {', '.join(label.children)}" for label in parents) or "none"
