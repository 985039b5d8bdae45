"""Settings that name a loss, refused as soon as they are read where there is no such loss."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, ValidationInfo

from ...losses import check_loss


def _known(name: str) -> str:
    check_loss(name)
    return name


def _of_the_loss(options: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
    # Without a loss that there is, nothing can be said of its options.
    if "loss" in info.data:
        check_loss(info.data["loss"], **options)
    return options


LossName = Annotated[str, AfterValidator(_known)]
"""Any name that `losses.build_loss` takes."""

LossOptions = Annotated[dict[str, Any], AfterValidator(_of_the_loss)]
"""Options of the loss that the field `loss`, which has to stand before, names."""
