"""Losses from codes, forward and backward, against their formulas with float targets and masks.

    python Testing/benchmarks/losses.py [--output FOLDER] [--small]

Sixteen slices of 256 x 256, eleven labels of which some are known in part; logits, targets and
masks lie in memory alike, in the order in which the network leaves its logits.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from encoding import scheme_of_eleven
from measuring import Report, in_turns, parser
from partialseg_trainer.losses import Codebook, build_loss
from partialseg_trainer.networks.freed_memory import keep_freed_memory

LAYOUT = torch.channels_last
OTHERS = ("iuc+dice", "huc", "weight", "wnorm", "multitalent", "marginal_dice", "leaf_dice")


def main() -> None:
    arguments = parser(__doc__).parse_args()
    report = Report("losses", arguments.output)
    keep_freed_memory()  # as a training does; the formulas gain more by it
    compare(report, torch.device("cpu"), 64 if arguments.small else 256, reach=2)
    if torch.cuda.is_available():
        compare(report, torch.device("cuda"), 256, reach=3)
    else:
        print("IUC on a GPU: not measured, no GPU here")
    report.finish()


def compare(report: Report, device: torch.device, size: int, reach: float) -> None:
    """Rows of IUC and of marginal cross-entropy on a device."""
    scheme = scheme_of_eleven()
    codes = drawn(scheme.n_leaves, size, device)
    codebook = Codebook(scheme, sets_of(scheme.n_leaves)).to(device)
    values = codebook.multilabel(codes)
    iuc, marginal = (build_loss(name, scheme).to(device) for name in ("iuc", "marginal_ce"))
    logits = {loss: logits_of(loss.out_channels, size, device) for loss in (iuc, marginal)}
    target = (values == 1).float().contiguous(memory_format=LAYOUT)
    mask = (values != 2).float().contiguous(memory_format=LAYOUT)
    possible = codebook.possible_leaves(codes).float().log().contiguous(memory_format=LAYOUT)
    tasks = {
        "iuc": step(lambda z: iuc.of_codes(z, codes, codebook), logits[iuc]),
        "iuc formula": step(lambda z: iuc_formula(z, target, mask), logits[iuc]),
        "torch": step(lambda z: torch_entropy(z, target, mask), logits[iuc]),
        "marginal": step(lambda z: marginal.of_codes(z, codes, codebook), logits[marginal]),
        "marginal formula": step(lambda z: marginal_formula(z, possible), logits[marginal]),
    }
    for name in OTHERS:
        other = build_loss(name, scheme).to(device)
        z = logits[iuc if other.head == "labels" else marginal]
        tasks[name] = step(lambda z, other=other: other.of_codes(z, codes, codebook), z)
    # The formulas stop short of saturated probabilities; on logits both are exact.
    difference = (tasks["iuc"]() - tasks["torch"]()).abs().max()
    assert difference < 1e-5 * logits[iuc].grad.abs().max(), "the gradients differ"
    seconds = in_turns(tasks, rounds=9)
    where = f"forward and backward, {device.type}"
    report.add(
        f"speed of IUC from codes, {where}",
        "its formula with float targets and masks",
        seconds["iuc formula"] / seconds["iuc"],
        f">= {reach}",
    )
    report.add(
        f"speed of IUC from codes, {where}",
        "torch's cross-entropy of logits with float targets and masks",
        seconds["torch"] / seconds["iuc"],
    )
    report.add(
        f"speed of marginal cross-entropy from codes, {where}",
        "its formula with a float mask of leaves",
        seconds["marginal formula"] / seconds["marginal"],
    )
    for name in OTHERS:
        report.add(f"time of {name}, {where}", "that of IUC", seconds[name] / seconds["iuc"])
    if device.type == "cpu":
        report.add(
            "memory of targets: a byte for each of eleven labels",
            "codes",
            values.nbytes / codes.nbytes,
            ">= 11",
            f"as floats, with a mask: {(target.nbytes + mask.nbytes) / codes.nbytes:.0f} times",
        )


def sets_of(leaves: int) -> np.ndarray:
    """(K, L) bool: nothing known, each leaf alone, and three pairs of leaves that are one."""
    whole, alone = np.ones((1, leaves), dtype=bool), np.eye(leaves, dtype=bool)
    return np.concatenate([whole, alone, alone[1:4] | alone[2:5]])


def drawn(leaves: int, size: int, device: torch.device) -> Tensor:
    """(16, size, size) codes in patches of 8 x 8."""
    coarse = np.random.default_rng(0).integers(
        len(sets_of(leaves)), size=(16, size // 8, size // 8)
    )
    return torch.from_numpy(coarse.astype(np.uint8).repeat(8, 1).repeat(8, 2)).to(device)


def logits_of(channels: int, size: int, device: torch.device) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(16, channels, size, size, generator=generator)
    return logits.to(device).contiguous(memory_format=LAYOUT).requires_grad_()


def step(loss: Callable[[Tensor], Tensor], logits: Tensor) -> Callable[[], Tensor]:
    """What a training step does: the gradient of the logits."""

    def run() -> Tensor:
        logits.grad = None
        loss(logits).backward()
        if logits.is_cuda:
            torch.cuda.synchronize()
        return logits.grad

    return run


def iuc_formula(logits: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """As the paper has it, with the small constants that keep its logarithms finite."""
    y = torch.sigmoid(logits)
    entropy = target * torch.log(y + 1e-6) + (1 - target) * torch.log(1 - y + 1e-6)
    return -(entropy * mask).mean()


def torch_entropy(logits: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    return functional.binary_cross_entropy_with_logits(logits, target, weight=mask)


def marginal_formula(logits: Tensor, possible: Tensor) -> Tensor:
    """`possible` is 0 for the leaves of S and -inf for others, so that nothing underflows."""
    return (logits.logsumexp(1) - (logits + possible).logsumexp(1)).mean()


if __name__ == "__main__":
    main()
