"""A model for other programs: its network alone, in a form that they load, and what belongs to it.

The network is exported together with its softmax, so that what comes out are probabilities of
leaves, whatever loss it was trained by. What has to happen before and after is described in words
and numbers beside it; `segment` does the same.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import UserError
from ..files import atomic_folder, write_json, write_text
from ..incoming import read_text
from ..losses.heads import leaf_logits
from ..models import CARD_FILE
from ..networks.folding import without_batch_norm
from ..networks.model import Model
from .bundle import NETWORK_FILE, write_bundle

DESCRIPTION_FILE = "description.json"
BUNDLE = "monai-bundle"
# The newest that onnxruntime of the last three years knows.
_OPSET = 17
_INPUT, _OUTPUT = "image", "probabilities"


class LeafNetwork(nn.Module):
    """A model's network with its decoding: images (B, C, ...) in [0, 1] to the probabilities of the
    leaves, (B, L, ...), float32. Sizes are multiples of `divisor`.
    """

    def __init__(self, model: Model):
        super().__init__()
        self.network = without_batch_norm(model.network).eval()
        self.divisor = int(model.network.divisor)
        self._model = [model]  # Not a part of this module: its weights would be in it twice.

    def forward(self, image: Tensor) -> Tensor:
        (model,) = self._model
        info = model.info
        logits = self.network(image).float()
        return leaf_logits(logits, info.head, model.scheme, info.decoding, info.untold).softmax(1)


def export_model(model: Model, kind: str, folder: Path) -> Path:
    """Write the model's network as `kind`, one of `KINDS`, into a new folder; returns the folder.

    It holds the network, `description.json` with all that has to happen before and after it, and
    the model's card.

    Raises UserError for an unknown kind, a bundle of several contrasts, a folder that holds
    something, a package that is missing, and a network that cannot be put into this form.
    """
    if kind not in KINDS:
        raise UserError(f"There is no form '{kind}'; choose one of {', '.join(KINDS)}.")
    if kind == BUNDLE and len(model.info.contrasts) > 1:
        raise UserError(
            f"A bundle reads one image, but the model {model.info.name} sees "
            f"{model.info.of_contrasts}; choose the form onnx or torchscript."
        )
    file, write = KINDS[kind]
    network = LeafNetwork(model).eval()
    with atomic_folder(folder) as temporary, torch.inference_mode():
        if kind == BUNDLE:
            write_bundle(model, temporary)
        try:
            write(network, _example(model, network.divisor), temporary / file)
        except ImportError as error:
            raise UserError(
                f"The form '{kind}' needs the package {error.name}, which is not installed; run "
                "pip install 'partialseg-trainer[export]', or choose another form."
            ) from error
        except (RuntimeError, torch.onnx.errors.OnnxExporterError) as error:
            first = str(error).strip().splitlines()[:1]
            raise UserError(
                f"The network '{model.info.network.name}' cannot be written as '{kind}' "
                f"({''.join(first)}); choose another form."
            ) from error
        write_json(temporary / DESCRIPTION_FILE, {"file": file, **describe_use(model)})
        card = model.folder and model.folder / CARD_FILE
        if card and card.is_file():
            write_text(temporary / CARD_FILE, read_text(card))
    return folder


def describe_use(model: Model) -> dict[str, Any]:
    """What another program has to do before and after the network, as JSON content."""
    info, scheme = model.info, model.scheme
    channels, around = info.channels, info.preprocessing.neighbours
    if info.patch is not None:
        seen = f"(B, {channels}, S, H, W): a block of {info.patch}, with overlap, averaged"
    elif around:
        seen = f"(B, {channels}, H, W): a slice between its {around} neighbours on either side"
    else:
        seen = f"(B, {channels}, H, W): a slice"
    if len(info.contrasts) > 1:
        seen += f"; of each contrast in turn: {', '.join(info.contrasts)}"
    return {
        "name": info.name,
        "licence": info.licence,
        "input": {"name": _INPUT, "shape": seen, "multiple_of": int(model.network.divisor)},
        "output": {
            "name": _OUTPUT,
            "shape": f"(B, {scheme.n_leaves}, ...): probabilities of the leaves, which add up to 1",
            "leaves": list(scheme.leaf_names),
            "values": [int(value) for value in scheme.leaf_values],
        },
        "before": [
            "Find the foreground: in a skull-stripped scan what differs from the value of most "
            "voxels on its faces, in others what lies above Otsu's threshold.",
            "Scale intensities: the 1st percentile of the whole scan becomes 0, the 99th of the "
            "foreground 1, clipped; in a skull-stripped scan both are the foreground's, and the "
            "rest is 0.",
            "Cut the scan to the box of the foreground's largest piece, and 6 mm around it.",
            "Bring it to RAS order, with its axes as they are, and to voxels of "
            f"{info.preprocessing.spacing:g} mm, linearly; where that is coarser, blur it first to "
            "that resolution (a Gaussian of that width at half its height).",
            *(
                [
                    "Scale every further contrast likewise, and bring it from its own grid to "
                    "that of the first, black where it does not reach."
                ]
                if len(info.contrasts) > 1
                else []
            ),
            f"Cut slices: {', '.join(info.preprocessing.axes)}"
            + ("; average over the directions." if len(info.preprocessing.axes) > 1 else "."),
            "Pad height and width with 0 at their ends to a multiple of what the input says.",
        ],
        "after": [
            "Take the padding off, and interpolate the probabilities linearly to the scan's grid.",
            "The most probable leaf is the result, as the value in `values`; beyond the box it is "
            "0. A super-label is the union of its parts (`scheme`).",
        ],
        "preprocessing": info.preprocessing.model_dump(),
        "scheme": scheme.to_dict(),
        "untold": list(info.untold),
    }


def _example(model: Model, divisor: int) -> Tensor:
    """Something of the shape that the network sees; two of them, so that no size is taken for 1."""
    sizes = model.info.patch or (4 * divisor, 6 * divisor)
    return torch.rand(2, model.info.channels, *sizes)


def _free_sizes(model_input: Tensor) -> dict[int, str]:
    names = {0: "batch"}
    if model_input.ndim == 4:
        names |= {2: "height", 3: "width"}
    return names


def _write_onnx(network: LeafNetwork, example: Tensor, path: Path) -> None:
    import onnx  # noqa: F401  PyTorch's exporter would say less clearly that it is missing.

    free = _free_sizes(example)
    with warnings.catch_warnings():
        # It warns of what it will once be replaced by, and of sizes that are fixed on purpose.
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        torch.onnx.export(
            network,
            (example,),
            str(path),
            input_names=[_INPUT],
            output_names=[_OUTPUT],
            dynamic_axes={_INPUT: free, _OUTPUT: free},
            opset_version=_OPSET,
            dynamo=False,
        )


def _write_torchscript(network: LeafNetwork, example: Tensor, path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.trace(network, example, check_trace=False).save(str(path))


KINDS: dict[str, tuple[str, Callable[[LeafNetwork, Tensor, Path], None]]] = {
    "onnx": ("model.onnx", _write_onnx),
    "torchscript": ("model.ts", _write_torchscript),
    BUNDLE: (NETWORK_FILE, _write_torchscript),
}
"""The forms, each with its file and what writes it."""
