"""How fast masks become label sets and 0/1/2 tensors: 256 x 256 x 256 voxels, eleven labels.

    python Testing/benchmarks/encoding.py

Prints seconds, each as a ratio to copying the same masks once, and the peak memory of the process.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable

import numpy as np

from partialseg_trainer.labels import LabelScheme, LabelSets, Status

SIZE = 256


def scheme_of_eleven() -> LabelScheme:
    """dhcp9 with a super-label for both parts of the hindbrain."""
    content = LabelScheme.load("dhcp9").to_dict()
    hindbrain = [x for x in content["labels"] if x["name"] in ("cerebellum", "brainstem")]
    content["labels"] = [x for x in content["labels"] if x not in hindbrain]
    content["labels"].append({"name": "hindbrain", "value": 11, "children": hindbrain})
    return LabelScheme.from_dict(content | {"name": "eleven"})


def timed(name: str, task: Callable[[], object], unit: float | None = None) -> float:
    began = time.perf_counter()
    task()
    seconds = time.perf_counter() - began
    ratio = "" if unit is None else f"{seconds / unit:6.1f} x copying the masks"
    print(f"{name:32} {seconds:6.2f} s {ratio}")
    return seconds


def main() -> None:
    scheme = scheme_of_eleven()
    coarse = np.random.default_rng(0).integers(scheme.n_leaves, size=(SIZE // 8,) * 3)
    leaves = coarse.repeat(8, 0).repeat(8, 1).repeat(8, 2)
    labelmap = scheme.leaf_values[leaves]
    masks = {name: scheme.mask(labelmap, name) for name in scheme.names}
    status = dict.fromkeys(scheme.names, Status.COMPLETE)
    status |= {"wm": Status.NOT_ANNOTATED, "cgm": Status.IN_PROGRESS}

    copy = timed("copy of the masks", lambda: [mask.copy() for mask in masks.values()])
    timed("masks -> label sets", lambda: LabelSets.from_masks(scheme, masks, status), copy)
    sets = LabelSets.from_masks(scheme, masks, status)
    timed("label sets -> 0/1/2 tensor", sets.multilabel, copy)
    tensor = sets.multilabel()
    timed("0/1/2 tensor -> label sets", lambda: LabelSets.from_multilabel(scheme, tensor), copy)
    timed("labelmap -> label sets", lambda: LabelSets.from_labelmap(scheme, labelmap), copy)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    held = sum(mask.nbytes for mask in masks.values()) + tensor.nbytes + leaves.nbytes
    print(f"peak memory {peak:.0f} MB, of which {held / 2**20:.0f} MB are this script's own arrays")


if __name__ == "__main__":
    main()
