"""A network with all that is needed to use, judge and cite it; saved to a folder, and loaded."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import nn

from .. import __version__
from ..errors import UserError
from ..files import atomic_folder, write_json, write_text
from ..incoming import file_size
from ..labels import LabelScheme
from ..models import CARD_FILE, INFO_FILE, PREVIEW_FILE, WEIGHTS_FILE, ModelInfo, read_info
from . import build_network


@dataclass(frozen=True)
class Model:
    """A loaded model; `network` is in evaluation mode on the CPU."""

    network: nn.Module
    scheme: LabelScheme
    info: ModelInfo
    folder: Path | None = None


def versions() -> dict[str, str]:
    """The versions that a result depends on."""
    return {"partialseg_trainer": __version__, "torch": torch.__version__}


def save_model(
    folder: str | Path,
    network: nn.Module,
    info: ModelInfo,
    card: str,
    preview: bytes | None = None,
) -> None:
    """Write a model folder, whole or not at all.

    Raises UserError when `folder` already holds something.
    """
    tensors = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    weights = safetensors.torch.save(tensors)
    info = info.model_copy(update={"weights_sha256": hashlib.sha256(weights).hexdigest()})
    with atomic_folder(folder) as temporary:
        (temporary / WEIGHTS_FILE).write_bytes(weights)
        write_json(temporary / INFO_FILE, info.model_dump())
        write_text(temporary / CARD_FILE, card)
        if preview is not None:
            (temporary / PREVIEW_FILE).write_bytes(preview)


def load_model(folder: str | Path) -> Model:
    """Load a model folder. No code in it is executed.

    Raises UserError for a folder without a model, and for weights that are missing, damaged, not
    in safetensors form (a pickle, say) or of another network, or one whose package is missing.
    """
    folder = Path(folder)
    info = read_info(folder)
    scheme = LabelScheme.from_dict(info.scheme, origin=f"{folder / INFO_FILE}: scheme")
    weights = folder / WEIGHTS_FILE
    try:
        # What is there decides how much memory is taken, not what the description promises.
        fit = _stored_shapes(weights) == _shapes_described(info, scheme)
        if fit:
            content = weights.read_bytes()
            tensors = safetensors.torch.load(content)
    except FileNotFoundError:
        raise UserError(f"{weights} is missing; copy the whole model folder again.") from None
    except safetensors.SafetensorError as error:
        raise UserError(
            f"{weights} is not a valid safetensors file ({error}); pickled or damaged weights are "
            "not loaded: copy the model folder again."
        ) from error
    if not fit:
        raise UserError(
            f"{weights} does not fit the network that {INFO_FILE} describes; the two come from "
            "different models: copy the model folder again."
        )
    if info.weights_sha256 and hashlib.sha256(content).hexdigest() != info.weights_sha256:
        raise UserError(
            f"{weights} is damaged: its checksum is not the one in {INFO_FILE}; copy the model "
            "folder again."
        )
    network = _build(info, scheme)
    network.load_state_dict(tensors)
    return Model(network.eval(), scheme, info, folder)


def _build(info: ModelInfo, scheme: LabelScheme) -> nn.Module:
    return build_network(
        in_channels=info.channels,
        out_channels=len(scheme) if info.head == "labels" else scheme.n_leaves,
        outputs=info.outputs,
        **info.network.model_dump(),
    )


def _shapes_described(info: ModelInfo, scheme: LabelScheme) -> dict[str, list[int]] | None:
    """The shape of each of the weights, without their memory; None for a network beyond any."""
    try:
        with torch.device("meta"):
            network = _build(info, scheme)
    except (OverflowError, RuntimeError, TypeError):
        return None
    return {name: list(tensor.shape) for name, tensor in network.state_dict().items()}


def _stored_shapes(weights: Path) -> dict[str, list[int]]:
    file_size(weights)
    with safetensors.safe_open(weights, "pt") as opened:
        return {name: list(opened.get_slice(name).get_shape()) for name in opened.keys()}  # noqa: SIM118
