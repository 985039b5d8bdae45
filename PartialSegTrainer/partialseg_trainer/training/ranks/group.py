"""The processes, or ranks, that train one model together, and what they have to agree on.

`local` starts them on one computer, torchrun or srun there or on several that see the same
folders. The first, rank 0, leads: it alone writes into the run's folder. A training that none of
these started is a group of one, which leads and waits for nobody.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
from lightning.fabric.plugins.environments import (
    ClusterEnvironment,
    SLURMEnvironment,
    TorchElasticEnvironment,
)
from torch import Tensor, distributed

from ...errors import UserError
from ...networks.device import choose_device
from ..settings.config import TrainConfig
from .local import local_store, talk_on_loopback
from .share import WHOLE, Share

# Long, because all may wait while the first labels scans. That one of them has ended they learn at
# once, from torchrun, srun or the broken connection.
_PATIENCE = timedelta(days=1)


def share() -> Share:
    """Which items of every batch are this process's."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return WHOLE
    return Share(distributed.get_rank(), distributed.get_world_size())


def leads() -> bool:
    """Whether this process is the one that writes."""
    return share().rank == 0


def any_rank(flag: bool) -> bool:
    """Whether `flag` holds in any of the processes; all of them have to ask."""
    if share() == WHOLE:
        return flag
    # On the CPU, so that nobody waits for a GPU.
    found = torch.tensor(flag, dtype=torch.uint8)
    distributed.all_reduce(found, distributed.ReduceOp.MAX)
    return bool(found)


def total(values: Tensor) -> Tensor:
    """The sum of what each process has, in `values` of the same shape."""
    if share() != WHOLE:
        distributed.all_reduce(values)
    return values


def once(work: Callable[[], object]) -> None:
    """Let the first process do what is done once, while the others wait; what it raises, all do."""
    raised: list[Exception | None] = [None]
    if leads():
        try:
            work()
        except Exception as error:
            raised = [error]
    if share() != WHOLE:
        distributed.broadcast_object_list(raised, device=torch.device("cpu"))
    if raised[0] is not None:
        raise raised[0]


def launcher() -> ClusterEnvironment | None:
    """What started this process and others to train with it; None if nothing did.

    Those of `local` look as if torchrun had started them.
    """
    if TorchElasticEnvironment.detect():
        environment = TorchElasticEnvironment()
    # Within a job all processes have its variables, but only those that srun starts are a step's.
    elif SLURMEnvironment.detect() and "SLURM_STEP_NUM_TASKS" in os.environ:
        environment = SLURMEnvironment(auto_requeue=False)
    else:
        return None
    return environment if environment.world_size() > 1 else None


def nodes(environment: ClusterEnvironment) -> int:
    """On how many computers the processes are."""
    of_slurm = isinstance(environment, SLURMEnvironment)
    return int(os.environ["SLURM_STEP_NUM_NODES" if of_slurm else "GROUP_WORLD_SIZE"])


@contextmanager
def joined(environment: ClusterEnvironment, device: str) -> Iterator[None]:
    """Belong to the group of processes that was started together.

    Raises UserError for a device that this computer does not have, or not for each process on it.
    """
    count, place = environment.world_size(), environment.local_rank()
    backend = "gloo"
    if choose_device(device).type == "cuda":
        if place >= torch.cuda.device_count():
            raise UserError(
                f"This computer has {torch.cuda.device_count()} GPUs, too few for a process of its "
                "own on each; start fewer processes a computer, or let every one see all GPUs."
            )
        torch.cuda.set_device(place)
        backend = "cpu:gloo,cuda:nccl"
    if environment.global_rank() != 0:
        # The first process hears it, and all stop together.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    store = local_store(count)
    address = f"tcp://{environment.main_address}:{environment.main_port}"
    if nodes(environment) == 1:
        talk_on_loopback()
    distributed.init_process_group(
        backend,
        **({"init_method": address} if store is None else {"store": store}),
        rank=environment.global_rank(),
        world_size=count,
        timeout=_PATIENCE,
    )
    yield
    # Not after a failure: that would wait for processes that may have ended.
    distributed.destroy_process_group()


def check_ranks(config: TrainConfig) -> None:
    """Raise UserError unless as many processes are here as the settings ask for, and fit these."""
    if share() != WHOLE:
        _check_share(config, share().count)
    elif wanted(config) > 1:
        raise UserError(
            f"The settings ask for {wanted(config)} processes, but this is one that was started "
            "by itself; start the run with partialseg, torchrun or srun, or set devices to 1."
        )


def _check_share(config: TrainConfig, count: int) -> None:
    if config.batch_size % count:
        raise UserError(
            f"A batch of {config.batch_size} cannot be shared equally by {count} processes; choose "
            f"a batch_size that is a multiple of {count}."
        )


def wanted(config: TrainConfig) -> int:
    """How many processes the settings ask for on this computer.

    Raises UserError where it has not as many devices, or a batch cannot be shared by so many.
    """
    device, count = choose_device(config.device), config.devices
    there = torch.cuda.device_count() if device.type == "cuda" and device.index is None else 1
    if count == "auto":
        count = there
    if device.type != "cpu" and count > there:
        raise UserError(
            f"The settings ask for {count} devices, but '{config.device}' has {there} here; set "
            f"devices to {there}, or device to cpu."
        )
    _check_share(config, count)
    return count
