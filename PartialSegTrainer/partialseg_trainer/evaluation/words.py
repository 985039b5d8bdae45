"""What the scores of several methods show, in plain sentences."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from ..labels import LabelScheme


def plain_summary(tables: Mapping[str, pd.DataFrame], scheme: LabelScheme) -> list[str]:
    """Sentences on the scores of the first method, and against each of the others.

    `tables` maps the name of a method to its `score_table`. Means are over scans, then labels.
    """
    means = {
        name: table.groupby("label", sort=False)["dice"].mean().dropna()
        for name, table in tables.items()
    }
    (method, own), *others = means.items()
    scans = tables[method]["scan"].nunique()
    lines = [
        f"{method} reaches a mean Dice of {own.mean():.3f} over {len(own)} labels on "
        f"{scans} test {'scan' if scans == 1 else 'scans'}."
    ]
    for other, theirs in others:
        gain = (own - theirs).dropna()
        better = int((gain > 0).sum())
        ends = [
            f"{scheme[label].title.lower()} ({own[label]:.3f} against {theirs[label]:.3f})"
            for label in (gain.idxmax(), gain.idxmin())
        ]
        if gain.min() >= 0:
            said = f"It is furthest ahead for {ends[0]} and least for {ends[1]}"
        elif gain.max() <= 0:
            said = f"It is furthest behind for {ends[1]} and least for {ends[0]}"
        else:
            said = f"It is furthest ahead for {ends[0]} and furthest behind for {ends[1]}"
        lines.append(
            f"{other} reaches {theirs.mean():.3f}; {method} is ahead in {better} of {len(gain)} "
            f"labels. {said}."
        )
    for name, table in tables.items():
        missing = (
            table[table["note"] == "missing in prediction"].groupby("label", sort=False).size()
        )
        if len(missing):
            listed = ", ".join(
                f"{scheme[label].title.lower()} in {count} of {scans}"
                for label, count in missing.items()
            )
            lines.append(f"{name} did not find: {listed}.")
    return lines
