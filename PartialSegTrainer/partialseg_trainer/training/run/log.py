"""What the log of a training says: how it goes, and not what its libraries say of themselves."""

from __future__ import annotations

import logging
import warnings


def set_up_log(level: int = logging.INFO) -> None:
    """Print what the engine logs, with the time, and warnings that somebody can act on."""
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%Y-%m-%d %H:%M:%S")
    logging.getLogger(__name__.partition(".")[0]).setLevel(level)
    # It tells which devices there are not, and what else of its maker one could install.
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    for message in (
        ".*does not have many workers.*",
        "Checkpoint directory .* exists and is not empty.*",
        "The dirpath has changed from .*",
        ".*LeafSpec.* is deprecated.*",
    ):
        warnings.filterwarnings("ignore", message=message)
