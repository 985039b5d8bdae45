"""What can be set on a loss beside its name."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class LossOptions(BaseModel):
    """The options of a loss that has none; others add a field for each of theirs."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
