"""The process that trains: `python -m partialseg_trainer.training RUN`."""

import sys
from pathlib import Path

from ..runs import RunFolder
from .log import set_up_log
from .strategies import train

if __name__ == "__main__":
    set_up_log()
    train(RunFolder(Path(sys.argv[1])))
