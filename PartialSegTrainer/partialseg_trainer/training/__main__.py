"""The process that trains, alone or one of several: `python -m partialseg_trainer.training RUN`."""

import logging
import sys
from pathlib import Path

from ..errors import UserError
from ..files import read_json
from ..runs import RunFolder
from .ranks.group import joined, launcher, leads, wanted
from .ranks.local import end_with_launcher, start_together
from .run.log import set_up_log
from .settings.config import TrainConfig
from .strategies import train


def main(run: RunFolder) -> None:
    """Train the run: in this process, in those of the settings, or as one of a group."""
    end_with_launcher()
    set_up_log()
    try:
        config = TrainConfig.checked(read_json(run.config_file), origin=str(run.config_file))
        others = launcher()
        count = 1 if others else wanted(config)
    except UserError:
        # `train` finds the same, and writes it into the run's status.
        others, count = None, 1
    if others:
        with joined(others, config.device):
            if not leads():
                set_up_log(logging.WARNING)
            train(run)
    elif count > 1:
        start_together(run, count)
    else:
        train(run)


if __name__ == "__main__":
    main(RunFolder(Path(sys.argv[1])))
