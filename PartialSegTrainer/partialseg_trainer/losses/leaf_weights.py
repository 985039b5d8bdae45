"""Weights of the leaves in losses over a softmax of them."""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from ..errors import UserError
from ..labels import LabelScheme
from .options import LossOptions

Weights = dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]]


class LeafWeightOptions(LossOptions):
    """`weights`: how much a leaf counts, by its name; those that are not named count 1."""

    weights: Weights = Field(default_factory=dict)


def leaf_weights(scheme: LabelScheme, weights: Weights) -> Tensor | None:
    """(L,) w_k, None where all are 1. Raises UserError for a name that is no leaf's."""
    for name in weights:
        if name not in scheme.leaf_names:
            raise UserError(
                f"The loss's weights name '{name}', which is no leaf of scheme '{scheme.name}'; "
                f"choose from {', '.join(scheme.leaf_names)}."
            )
    if all(weight == 1 for weight in weights.values()):
        return None
    return torch.tensor([float(weights.get(name, 1)) for name in scheme.leaf_names])


def weigh_voxels(values: Tensor, possible: Tensor, weights: Tensor | None) -> Tensor:
    """(B, ...) values of voxels, each times the mean of w_k over its S.

    So the conversion to label sets has it (Fidon et al., MICCAI 2021): the weighted cross-entropy
    -sum of g_k w_k log Phi_k, with g_k = 1 / |S| and Phi_k = P_S / |S| for k in S, is that of S
    times this mean. A voxel of one leaf has the weight of this.
    """
    if weights is None:
        return values
    weights = weights.to(values.dtype)
    mean = torch.einsum("bl...,l->b...", possible.to(values.dtype), weights) / possible.sum(1)
    return values * mean


def weighted_mean(of_leaves: Tensor, weights: Tensor | None) -> Tensor:
    """(B,) sum of w_k v_k / sum of w_k, of (B, L) v."""
    if weights is None:
        return of_leaves.mean(-1)
    weights = weights.to(of_leaves.dtype)
    return of_leaves @ weights / weights.sum()
