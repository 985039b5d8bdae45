"""Norms made from phantoms, to try the chart of volumes by age with: they are of no child.

    python Testing/benchmarks/phantom_norms.py [--phantoms 8] [--spacing 2] > phantoms.csv

It prints the table that comes along as `--norms phantoms`.
"""

from __future__ import annotations

import argparse

import numpy as np

from partialseg_trainer.labels import LabelScheme
from partialseg_trainer.synthesis import make_phantom

WEEKS = range(28, 45, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--phantoms", type=int, default=8, help="how many of each age")
    parser.add_argument("--spacing", type=float, default=2.0, help="edge of the voxels, mm")
    args = parser.parse_args()
    scheme = LabelScheme.load("dhcp9")
    print(
        f"# population: none: {args.phantoms} phantoms of each age, drawn by one recipe\n"
        "# source: Testing/benchmarks/phantom_norms.py\n"
        "# licence: Apache-2.0\n"
        "# note: PHANTOMS, FOR TRYING ONLY: no child was measured, and no child compares to this.\n"
        "age_weeks,label,mean_ml,sd_ml"
    )
    for weeks in WEEKS:
        volumes = []
        for number in range(args.phantoms):
            labelmap = make_phantom(
                (weeks, number), spacing=args.spacing, weeks=weeks
            ).labelmap.data
            ml = args.spacing**3 / 1000
            volumes.append([scheme.mask(labelmap, label.name).sum() * ml for label in scheme])
        means, spreads = np.mean(volumes, axis=0), np.std(volumes, axis=0, ddof=1)
        for label, mean, spread in zip(scheme, means, spreads, strict=True):
            print(f"{weeks},{label.name},{mean:.2f},{spread:.2f}")


if __name__ == "__main__":
    main()
