"""One of the processes that `test_ranks` starts: runs train in it, one after another.

    torchrun --nproc-per-node 2 rank_of_trainings.py RUN [RUN ...]

In a run named "lost" all processes but the first are killed.
"""

import copy
import os
import signal
import sys
from pathlib import Path

import torch
from torch import distributed

from partialseg_trainer.networks.unet import UNet
from partialseg_trainer.runs import RunFolder
from partialseg_trainer.training import train
from partialseg_trainer.training.ranks.group import joined, launcher, leads, share
from partialseg_trainer.training.step.batch_norm import SharedBatchNorm


def check_normalisation() -> None:
    """The shares of a batch give the gradient and statistics of the whole, in double precision."""
    torch.manual_seed(0)
    whole = UNet(1, 3, width=4, depth=3).double()
    shared = SharedBatchNorm().apply(copy.deepcopy(whole))
    images = 10 + torch.rand(8, 1, 24, 24, dtype=torch.double)
    targets = torch.rand(8, 3, 24, 24, dtype=torch.double)
    for network, items in ((whole, slice(None)), (shared, share().items)):
        (network(images[items]) - targets[items]).square().mean().backward()
    for one, two in zip(whole.parameters(), shared.parameters(), strict=True):
        distributed.all_reduce(two.grad)
        torch.testing.assert_close(two.grad / share().count, one.grad, rtol=1e-9, atol=1e-12)
    for one, two in zip(whole.buffers(), shared.buffers(), strict=True):
        torch.testing.assert_close(two, one, rtol=1e-12, atol=1e-12)


if __name__ == "__main__":
    with joined(launcher(), "cpu"):
        check_normalisation()
        for path in map(Path, sys.argv[1:]):
            if path.name == "lost" and not leads():
                os.kill(os.getpid(), signal.SIGKILL)
            train(RunFolder(path))
