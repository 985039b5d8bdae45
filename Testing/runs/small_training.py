"""A process that behaves as a training does, in small. Arguments: the run folder, a manner."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from partialseg_trainer.errors import UserError
from partialseg_trainer.runs import RunFolder, RunReporter

EPOCHS = 5


def train(run: RunFolder, manner: str) -> None:
    checkpoint = run.checkpoints / "last"
    first = int(checkpoint.read_text()) if checkpoint.exists() else 0
    with RunReporter(run, period=0.05) as reporter:
        reporter.update(stage="training", epochs=EPOCHS)
        reporter.resume_at(first)
        if manner == "user error":
            raise UserError("No scan is fully labelled; label one.")
        if manner == "bug":
            raise RuntimeError("sub-Jane-Doe went wrong")
        if manner == "with a child of its own":
            worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
            (run.path / "worker").write_text(str(worker.pid))
        epoch = first
        while manner != "to the end" or epoch < EPOCHS:
            reporter.metrics({"epoch": epoch, "loss": 1 / (epoch + 1)})
            if manner == "die in epoch 3" and epoch == 3:
                os.kill(os.getpid(), signal.SIGKILL)
            epoch += 1
            checkpoint.write_text(str(epoch))
            reporter.update(epoch=epoch)
            if reporter.stop_requested:
                return
            time.sleep(0.02)


if __name__ == "__main__":
    train(RunFolder(Path(sys.argv[1])), sys.argv[2])
