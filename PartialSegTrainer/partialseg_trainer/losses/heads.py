"""From a network's channels to the leaves of the scheme, whatever the channels are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

import torch
from torch import Tensor

from ..labels import LabelScheme
from ..models import Decoding, Head

# The outside is the first leaf of every scheme.
_OUTSIDE = 0


def leaf_logits(
    logits: Tensor,
    head: Head,
    scheme: LabelScheme,
    decoding: Decoding = "tree",
    untold: Collection[str] = (),
) -> Tensor:
    """(B, L, ...) logits of the leaves from the network's output, (B, C or L, ...).

    A softmax over leaves is what it is. With a sigmoid a label, a leaf is chosen by `decoding`:

    tree: down the hierarchy, the best at the top first, then the best part within it. With m the
        largest logit among a label's siblings, and 0 for what is none of them, a leaf has the sum
        over its path of z - m, which is 0 for the leaf that this finds and less for all others. A
        super-label that is certain is never lost because no part of it is: where partial scans
        never show a part as present, its logit says no more than how it stands to its siblings'.
    sum: the sum of the logits over its path, the joint probability of independent labels. Needs
        parts that are calibrated against the outside.
    paper: the largest of all channels, of which a super-label is given its best part (Kucheruk et
        al., MLHC 2025).

    Leaves of the labels `untold` are never chosen.
    """
    leaves = logits if head == "leaves" else _DECODINGS[decoding](logits, scheme)
    if not untold:
        return leaves
    hidden = scheme.membership[[scheme.index(name) for name in untold]].any(axis=0)
    return leaves.index_fill(1, torch.from_numpy(hidden.nonzero()[0]).to(leaves.device), -torch.inf)


def _sum(logits: Tensor, scheme: LabelScheme) -> Tensor:
    membership = torch.from_numpy(scheme.membership).to(logits)
    return torch.einsum("bc...,cl->bl...", logits, membership)


def _tree(logits: Tensor, scheme: LabelScheme) -> Tensor:
    # By `shape`, of which an exported network keeps that it is the image's; `len` is a number.
    leaves = logits.new_zeros(logits.shape[0], scheme.n_leaves, *logits.shape[2:])
    for members, rest in _families(scheme):
        best = logits[:, members].amax(1)
        if rest is not None:
            best = best.clamp(min=0)
            leaves[:, rest] -= best
        for channel in members:
            leaves[:, _leaves_of(scheme, channel)] += (logits[:, channel] - best)[:, None]
    return leaves


def _paper(logits: Tensor, scheme: LabelScheme) -> Tensor:
    found = _tree(logits, scheme)
    highest = torch.full_like(found, -torch.inf)
    # The outside has no channel, and wins where every label is less likely than not.
    highest[:, _OUTSIDE] = 0
    for channel in range(len(scheme)):
        below = _leaves_of(scheme, channel)
        within = found[:, below]
        best = within == within.amax(1, keepdim=True)
        mine = torch.where(best, logits[:, channel : channel + 1], -torch.inf)
        highest[:, below] = torch.maximum(highest[:, below], mine)
    return highest


def _families(scheme: LabelScheme) -> Iterator[tuple[list[int], int | None]]:
    """The channels of all labels of one parent, and the leaf of what is none of them, if any."""
    roots = [scheme.index(label.name) for label in scheme if label.parent is None]
    yield roots, _OUTSIDE
    for label in scheme:
        if label.children:
            channels = [scheme.index(child) for child in label.children]
            covered = scheme.membership[channels].any(0)
            rest = scheme.membership[scheme.index(label.name)] & ~covered
            yield channels, int(rest.argmax()) if rest.any() else None


def _leaves_of(scheme: LabelScheme, channel: int) -> list[int]:
    return scheme.membership[channel].nonzero()[0].tolist()


_DECODINGS: dict[str, Callable[[Tensor, LabelScheme], Tensor]] = {
    "tree": _tree,
    "sum": _sum,
    "paper": _paper,
}
