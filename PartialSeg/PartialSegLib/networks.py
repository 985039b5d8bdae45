"""The networks that a training may choose from; Resources/Networks.json lists them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

_FILE = Path(__file__).resolve().parents[1] / "Resources" / "Networks.json"


class Network(NamedTuple):
    """A network, its size and what it is shown.

    `settings` are what the engine's TrainConfig has as `network`, `preprocessing` what it has under
    that name. `parameters` is counted with ten labels out.
    """

    title: str
    parameters: int
    description: str
    settings: dict[str, Any]
    preprocessing: dict[str, Any]


def networks() -> list[Network]:
    """All there are, the usual one first."""
    content = json.loads(_FILE.read_text(encoding="utf-8"))
    return [Network(**entry) for entry in content["networks"]]
