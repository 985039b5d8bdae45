"""Whether methods differ: the paper's ANOVA, and tests that respect who was measured.

Draws of one split are scored on the same test subjects, so scores of one subject are not
independent. The ANOVA takes them as if they were, as in the paper (Kucheruk et al., MLHC 2025); the
paired tests take each subject once, averaged over draws and seeds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from .results import with_mean

CONFIDENCE = 0.95
_RESAMPLES = 9999


def anova(table: pd.DataFrame, metric: str) -> pd.DataFrame:
    """One-way ANOVA over the methods, for each fraction and label.

    Args:
        table: as `results.collect` gives it.

    Returns a row for each fraction and label: `methods`, `observations` (scans of all draws), `f`
    and `p`; NaN where there are fewer than two methods, or nothing varies.
    """
    rows = []
    of_fractions = with_mean(table).groupby("fraction", sort=False)
    of_labels = (
        ((fraction, label), part)
        for fraction, of_fraction in of_fractions
        for label, part in of_fraction.groupby("label", sort=False)
    )
    for (fraction, label), part in of_labels:
        groups = [
            values.to_numpy()
            for _, values in part.dropna(subset=metric).groupby("method", sort=False)[metric]
        ]
        groups = [values for values in groups if len(values) > 1]
        f = p = np.nan
        if len(groups) > 1 and any(np.ptp(values) > 0 for values in groups):
            f, p = stats.f_oneway(*groups)
        rows.append(
            {
                "fraction": fraction,
                "label": label,
                "methods": len(groups),
                "observations": sum(map(len, groups)),
                "f": f,
                "p": p,
            }
        )
    return pd.DataFrame(rows)


def paired(table: pd.DataFrame, metric: str, reference: str, seed: int = 0) -> pd.DataFrame:
    """Every method against the reference, subject by subject, for each fraction and label.

    Scores are averaged over the draws and seeds of each subject first. Wilcoxon's signed-rank test,
    two-sided; Holm's correction is over the methods, for each fraction and label; the interval is a
    percentile bootstrap over subjects, of the mean difference, method minus reference.

    Returns rows of `fraction`, `label`, `method`, `reference`, `subjects`, `difference`, `low`,
    `high`, `p` and `p_holm`; a method without a cell at a fraction has no row there.
    """
    means = with_mean(table).groupby(["fraction", "label", "method", "subject"], sort=False)[metric]
    by_subject = means.mean().unstack("method")
    rows = []
    for (fraction, label), part in by_subject.groupby(["fraction", "label"], sort=False):
        for method in by_subject.columns:
            if method == reference or reference not in part:
                continue
            differences = (part[method] - part[reference]).dropna().to_numpy()
            if not differences.size:
                continue
            low, high = bootstrap_interval(differences, seed)
            rows.append(
                {
                    "fraction": fraction,
                    "label": label,
                    "method": method,
                    "reference": reference,
                    "subjects": len(differences),
                    "difference": differences.mean(),
                    "low": low,
                    "high": high,
                    "p": wilcoxon(differences),
                }
            )
    columns = ["fraction", "label", "method", "reference", "subjects", "difference"]
    found = pd.DataFrame(rows, columns=[*columns, "low", "high", "p"])
    found["p_holm"] = found.groupby(["fraction", "label"])["p"].transform(holm)
    return found


def wilcoxon(differences: Sequence[float] | np.ndarray) -> float:
    """The p-value of the two-sided signed-rank test; 1 where all differences are zero."""
    differences = np.asarray(differences, dtype=float)
    return float(stats.wilcoxon(differences).pvalue) if differences.any() else 1.0


def holm(p: Sequence[float] | pd.Series) -> np.ndarray:
    """Holm's step-down correction (Holm 1979) of p-values, in their order.

    The k-th smallest of m is multiplied by m - k + 1; none is smaller than one before it, or
    larger than 1.
    """
    values = np.asarray(p, dtype=float)
    order = np.argsort(values, kind="stable")
    scaled = values[order] * np.arange(len(values), 0, -1)
    corrected = np.empty_like(values)
    corrected[order] = np.minimum(np.maximum.accumulate(scaled), 1)
    return corrected


def bootstrap_interval(values: Sequence[float] | np.ndarray, seed: int = 0) -> tuple[float, float]:
    """The percentile bootstrap interval of the mean; NaN for fewer than two values."""
    values = np.asarray(values, dtype=float)
    if len(values) < 2:
        return np.nan, np.nan
    interval = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=_RESAMPLES,
        confidence_level=CONFIDENCE,
        method="percentile",
        random_state=np.random.default_rng(seed),
    ).confidence_interval
    return float(interval.low), float(interval.high)


def smallest_p(subjects: int) -> float:
    """The smallest p-value that the signed-rank test can give with so many subjects."""
    return 2.0 ** (1 - subjects)
