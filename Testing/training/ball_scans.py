"""Scans of a core in a shell: any network learns the two labels in seconds."""

import numpy as np

from partialseg_trainer.dataset import Dataset
from partialseg_trainer.labels import LabelScheme, LabelSets, Status
from partialseg_trainer.volumes import Volume

SCHEME = LabelScheme.from_dict(
    {
        "name": "ball",
        "labels": [
            {
                "name": "ball",
                "value": 3,
                "exhaustive": True,
                "children": [{"name": "core", "value": 1}, {"name": "shell", "value": 2}],
            }
        ],
    }
)


def ball(seed: int, size: int = 24) -> tuple[Volume, np.ndarray]:
    """A noisy bright core in a grey shell, somewhere in a dark volume of 2 mm voxels."""
    rng = np.random.default_rng(seed)
    centre = size / 2 + rng.uniform(-2, 2, 3)
    away = np.linalg.norm(np.indices((size,) * 3).T - centre, axis=-1).T
    labelmap = np.select([away < 5, away < 9], [1, 2]).astype(np.uint8)
    image = np.choose(labelmap, [0.1, 1.0, 0.5]) + rng.normal(0, 0.05, labelmap.shape)
    return Volume(image.astype(np.float32), np.diag([2.0, 2.0, 2.0, 1.0])), labelmap


def make_dataset(folder, full: int, partial: int) -> Dataset:
    """`full` scans with all labels and `partial` ones with the ball as one piece."""
    dataset = Dataset.create(folder, SCHEME, "balls")
    for number in range(full + partial):
        image, labelmap = ball(number)
        known = SCHEME.names if number < full else ("ball",)
        sets = LabelSets.from_labelmap(SCHEME, labelmap, known=known)
        dataset.add_case(f"{number:02d}", image, sets, dict.fromkeys(known, Status.COMPLETE))
    return dataset
