"""The process that trains: `python -m partialseg_trainer.training RUN`."""

import sys
from pathlib import Path

from ..runs import RunFolder
from .train import train

if __name__ == "__main__":
    train(RunFolder(Path(sys.argv[1])))
