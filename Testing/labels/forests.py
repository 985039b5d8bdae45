"""Hypothesis strategies: label schemes of any shape, and annotations of a small volume."""

import numpy as np
from hypothesis import strategies as st

from partialseg_trainer.labels import LabelScheme, Status


@st.composite
def schemes(draw, most_labels=9):
    """A forest of any depth, with values in an order of their own."""
    count = draw(st.integers(1, most_labels))
    parents = [draw(st.integers(-1, child - 1)) for child in range(count)]
    values = draw(st.permutations(range(1, count + 1)))
    nodes = [{"name": f"l{k}", "value": values[k], "children": []} for k in range(count)]
    roots = []
    for node, parent in zip(nodes, parents, strict=True):
        (nodes[parent]["children"] if parent >= 0 else roots).append(node)
    for node in nodes:
        if node["children"]:
            node["exhaustive"] = draw(st.booleans())
    return LabelScheme.from_dict({"name": "drawn", "labels": roots})


@st.composite
def annotations(draw, voxels=12):
    """A scheme, a true leaf for each voxel, and masks with statuses that agree with the truth."""
    scheme = draw(schemes())
    leaves = st.integers(0, scheme.n_leaves - 1)
    truth = np.array(draw(st.lists(leaves, min_size=voxels, max_size=voxels)))
    masks, status = {}, {}
    for channel, name in enumerate(scheme.names):
        inside = scheme.membership[channel][truth]
        state = draw(st.sampled_from(list(Status)))
        if state is Status.ABSENT and inside.any():
            state = Status.COMPLETE
        if state is Status.IN_PROGRESS:
            inside = inside & np.array(
                draw(st.lists(st.booleans(), min_size=voxels, max_size=voxels))
            )
        if state is not Status.NOT_ANNOTATED:
            masks[name] = inside
        status[name] = state
    return scheme, truth, masks, status
