"""A model learns from what was drawn on one scan, in seconds."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from ..losses import Codebook, PartialLoss, build_loss
from ..losses.heads import leaf_logits
from ..models import Head
from ..networks import memory_layout
from ..networks.folding import without_batch_norm
from ..networks.model import Model
from ..training.material.augmentation import augment
from ..training.settings.config import Augmentation
from ..training.step.agreement import Agreement
from ..volumes.preprocessing import Prepared
from .beside import Beside
from .drawn import Drawn
from .enough import LEAST_OF_A_STRUCTURE
from .pictures import Pictures

Progress = Callable[[int, int], None]
# The house's losses for each kind of network; whether each is a mean over all voxels.
_LOSSES: dict[Head, dict[str, bool]] = {
    "leaves": {"even_ce": True, "leaf_dice": False},
    "labels": {"iuc+dice": True},
}
# Steps that tell how long one takes; their gradients are not used.
_TIMED = 3
# Little of intensities is changed, because the slices to find are of this very scan: on one from
# elsewhere 80 steps with these found more than 100 with the changes that trainings have.
_CHANGES = Augmentation(tone=0.03, bias=0.07, noise=0.02, blur=0.05)
# How far weights go from what the model knew to what was learned, and how many times the steps are
# taken, by which share of the head was drawn: about one slice, three, and seven. Measured on scans
# from elsewhere; one slice is learned by heart at once, and what it brings is soon lost again.
_DRAWN, _GONE, _TIMES = (0.01, 0.03, 0.07), (0.45, 0.75, 1.0), (1.0, 1.0, 1.6)
# With a Dice of less than this in any structure drawn, they go all the way: it is new to the model.
# What a slice shows the end of, a model that knows it finds with some half of it right.
_KNOWN_DICE = 0.3
# Steps in which what the model says of the drawing is looked at in any case.
_JUDGED = 12


@dataclass(frozen=True)
class Effort:
    """How long a model learns: so many steps, of so many slices each, or as many as fit in
    `seconds`, but at least `least`.
    """

    steps: int = 100
    slices: int = 4
    seconds: float = 45.0
    least: int = 40
    learning_rate: float = 1e-3
    # The weight of what the model said before of structures that were not drawn; of what was: 1.
    kept: float = 0.3

    def steps_within(self, seconds_each: float) -> int:
        """How many steps there is time for."""
        fit = min(self.seconds / seconds_each, self.steps)
        return min(max(int(fit), self.least), self.steps)

    def times(self, factor: float) -> Effort:
        """The same with so many times the steps and seconds."""
        return replace(self, steps=round(self.steps * factor), seconds=self.seconds * factor)


def adapt(
    model: Model,
    prepared: Prepared,
    drawn: Drawn,
    device: torch.device,
    effort: Effort | None = None,
    beside: Beside | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Model:
    """A copy of a model that has learned what was drawn on a scan; the model stays as it was.

    All weights learn, by Adam with one cycle of the rate; batch normalisation keeps what it knows
    of whole scans, because a few slices of one have other statistics. Where several leaves are
    possible, the copy is held to what the model says there of leaves that were not drawn, so that
    they are not forgotten (learning without forgetting, Li and Hoiem, ECCV 2016): strokes within
    tissues say nothing of what is outside. Where the model knew all that was drawn, the weights are
    in the end between those of before and after: few slices are learned by heart sooner than they
    teach, and the mean of both errs less than either (Wortsman et al., CVPR 2022).
    """
    effort = effort or Effort()
    layout = memory_layout(model.info.network.name)
    network = copy.deepcopy(model.network).to(device, memory_format=layout).eval()
    before = without_batch_norm(model.network).to(device, memory_format=layout)
    pictures = Pictures(prepared, drawn, model.info, beside)
    codebook = Codebook(drawn.scheme, pictures.sets).to(device)
    terms = _terms(model, device)
    undrawn = torch.from_numpy(drawn.counts() < LEAST_OF_A_STRUCTURE).to(device)

    def leaves(logits: Tensor) -> Tensor:
        info = model.info
        return leaf_logits(logits.float(), info.head, model.scheme, info.decoding)

    rng, generator = np.random.default_rng(seed), torch.Generator(device).manual_seed(seed)
    optimizer = torch.optim.Adam(network.parameters(), lr=effort.learning_rate)
    agreement, schedule = Agreement(drawn.scheme, pictures.sets), None
    share = _share_drawn(drawn, prepared)
    effort = replace(effort, steps=round(effort.steps * np.interp(share, _DRAWN, _TIMES)))
    began, step, steps = time.monotonic(), 0, effort.steps
    while step < steps:
        shown = pictures.draw(rng, effort.slices)
        image, codes = augment(
            shown.image.flatten(1, -3).to(device),
            shown.codes.to(device),
            _CHANGES,
            generator,
            shown.sagittal.to(device),
            contrasts=len(model.info.contrasts),
        )
        image = image.view(shown.image.shape).contiguous(memory_format=layout)
        possible = codebook.possible_leaves(codes)
        logits = network(image)
        loss = _of_drawn(terms, logits, codes, codebook, possible)
        if undrawn.any() or step < _JUDGED:
            with torch.no_grad():
                said = leaves(before(image))
            agreement.add(codes, said.argmax(1))
            if undrawn.any():
                loss = loss + effort.kept * _kept(leaves(logits), said, possible, undrawn)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if step == _TIMED - 1:
            each = (time.monotonic() - began) / _TIMED
            steps = effort.steps_within(each)
            schedule = torch.optim.lr_scheduler.OneCycleLR(
                optimizer, max_lr=effort.learning_rate, total_steps=steps - step
            )
        if schedule is not None:
            optimizer.step()
            schedule.step()
        step += 1
        if progress:
            progress(step, steps)
    # What it has seen now it can find.
    told = drawn.scheme.membership[:, ~undrawn.cpu().numpy()].any(1)
    scores = [agreement.dice()[name] for name in np.array(drawn.scheme.names)[told]]
    if min(filter(lambda score: score is not None, scores), default=0.0) >= _KNOWN_DICE:
        _go_part_of_the_way(network, model.network, np.interp(share, _DRAWN, _GONE))
    untold = [name for name in model.info.untold if not told[drawn.scheme.index(name)]]
    # It learned from the scan as it is, so it is shown it as it is.
    as_it_is = {"centres": {}, "smoothing": 0}
    changed = {"untold": tuple(untold), "least_confidence": None, **as_it_is}
    info = model.info.model_copy(update=changed)
    return Model(network.cpu(), model.scheme, info)


def _share_drawn(drawn: Drawn, prepared: Prepared) -> float:
    """Which share of the head is known to be one structure each."""
    return float(drawn.counts()[1:].sum() / max(np.count_nonzero(prepared.slices), 1))


def _go_part_of_the_way(network: nn.Module, before: nn.Module, share: float) -> None:
    """Put the weights of a network between those `before` and its own, a share of the way."""
    with torch.no_grad():
        for now, then in zip(network.parameters(), before.parameters(), strict=True):
            now.lerp_(then.to(now.device), 1 - share)


def _of_drawn(
    terms: list[tuple[PartialLoss, bool]],
    logits: Tensor,
    codes: Tensor,
    codebook: Codebook,
    possible: Tensor,
) -> Tensor:
    """The losses of what is known; means over all voxels become means over the known ones."""
    known = (~possible.all(1)).sum().clamp(min=1)
    return sum(
        term.of_codes(logits, codes, codebook) * (codes.numel() / known if mean else 1)
        for term, mean in terms
    )


def _kept(now: Tensor, said: Tensor, possible: Tensor, undrawn: Tensor) -> Tensor:
    """Cross-entropy with what was said before of the leaves `undrawn`, (L,) bool, within S.

    Averaged over the voxels with several leaves. Of leaves that were drawn nothing is held to what
    was said before: where they are elsewhere is what is to be learned.
    """
    several = possible.sum(1) > 1
    target = said.masked_fill(~possible, -torch.inf).softmax(1)
    log_p = torch.log_softmax(now.masked_fill(~possible, -1e4), 1)
    entropy = -(target[:, undrawn] * log_p[:, undrawn]).sum(1)
    return (entropy * several).sum() / several.sum().clamp(min=1)


def _terms(model: Model, device: torch.device) -> list[tuple[PartialLoss, bool]]:
    """The losses to add, and of each whether it is a mean over all voxels, known or not."""
    names = _LOSSES[model.info.head]
    return [(build_loss(name, model.scheme).to(device), mean) for name, mean in names.items()]
