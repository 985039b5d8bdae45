"""The statistics of a report, against cases worked out by hand."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from partialseg_trainer.experiments.results import with_mean
from partialseg_trainer.experiments.statistics import (
    anova,
    bootstrap_interval,
    holm,
    paired,
    smallest_p,
    wilcoxon,
)
from partialseg_trainer.experiments.tables import summarise, wide, write_tables
from partialseg_trainer.labels import LabelScheme


def cells(values):
    """A table of cells from {(method, draw, subject): dice} of one label."""
    rows = [
        {
            "method": method,
            "fraction": "2",
            "full_subjects": 2,
            "draw": draw,
            "seed": 0,
            "subject": subject,
            "scan": f"sub-{subject}",
            "label": "pons",
            "dice": dice,
            "precision": np.nan,
            "recall": np.nan,
            "lesion_f1": np.nan,
            "rvd": 0.0,
            "hd95": np.nan,
            "hd100": np.nan,
            "assd": np.nan,
            "nsd05": np.nan,
            "nsd1": np.nan,
            "volume_difference_ml": 0.0,
            "ece": 0.02,
            "brier": 0.01,
            "violations": np.nan,
            "note": "",
        }
        for (method, draw, subject), dice in values.items()
    ]
    return pd.DataFrame(rows)


def test_anova_is_the_ratio_of_variance_between_to_within():
    # Groups (1, 2, 3), (2, 3, 4), (3, 4, 5): between 6 over 2, within 6 over 6.
    values = {
        (method, 0, subject): start + subject
        for start, method in enumerate("abc", start=1)
        for subject in range(3)
    }
    found = anova(cells(values), "dice").set_index("label")
    assert found.loc["pons", "f"] == pytest.approx(3.0)
    # The F distribution with (2, 6) degrees of freedom: P(F > f) = (1 + f / 3) ** -3.
    assert found.loc["pons", "p"] == pytest.approx(0.125)
    assert found.loc["pons", "observations"] == 9


def test_anova_of_what_does_not_vary_or_is_one_method_is_undefined():
    same = {(method, 0, subject): 0.5 for method in "ab" for subject in range(3)}
    alone = {("a", 0, subject): subject / 3 for subject in range(3)}
    for values in (same, alone):
        assert np.isnan(anova(cells(values), "dice")["p"]).all()


def test_five_subjects_that_all_gain_give_two_to_the_minus_four():
    # 2 of the 2 ** 5 ways to give signs to the ranks are as extreme.
    assert wilcoxon([0.1, 0.2, 0.3, 0.4, 0.5]) == pytest.approx(2 / 32)
    assert smallest_p(5) == 2 / 32


def test_the_signed_rank_test_counts_sums_of_ranks():
    # Ranks 1 to 4, the first negative: sums of 0 or 1 below, and as many above, of 16.
    assert wilcoxon([-0.1, 0.2, 0.3, 0.4]) == pytest.approx(4 / 16)


def test_no_difference_at_all_is_no_evidence():
    assert wilcoxon([0.0, 0.0, 0.0]) == 1


def test_holm_steps_down():
    # 0.01 * 4, 0.02 * 3 and 0.03 * 2 = 0.06, and 0.5 * 1.
    assert holm([0.03, 0.01, 0.5, 0.02]) == pytest.approx([0.06, 0.04, 0.5, 0.06])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_keeps_order_and_lies_between_nothing_and_bonferroni(p):
    corrected = holm(p)
    assert (corrected >= p).all()
    assert (corrected <= np.minimum(1, np.array(p) * len(p))).all()
    for first, second in itertools.pairwise(np.argsort(p)):
        assert corrected[first] <= corrected[second]


def test_the_bootstrap_interval_is_that_of_all_resamples():
    # Of (0, 1) the resamples' means are 0, 1/2, 1/2, 1: each end has a quarter of them.
    assert bootstrap_interval([0.0, 1.0]) == (0.0, 1.0)
    assert bootstrap_interval([0.3, 0.3, 0.3]) == pytest.approx((0.3, 0.3))
    low, high = bootstrap_interval(np.arange(100) / 100)
    # The mean's standard error is 0.2887 / 10.
    assert low == pytest.approx(0.495 - 1.96 * 0.02887, abs=0.004)
    assert high == pytest.approx(0.495 + 1.96 * 0.02887, abs=0.004)
    assert np.isnan(bootstrap_interval([0.3])).all()


def test_paired_takes_each_subject_once_averaged_over_draws():
    # Differences by draw are +0.3 and -0.1, so +0.1 on average, for each of five subjects.
    values = {}
    for subject in range(5):
        for draw, gain in enumerate((0.3, -0.1)):
            values["iuc", draw, subject] = 0.5 + subject / 100
            values["new", draw, subject] = 0.5 + subject / 100 + gain + subject / 1000
    found = paired(cells(values), "dice", "iuc")
    row = found[found["label"] == "pons"].iloc[0]
    assert (row["method"], row["reference"], row["subjects"]) == ("new", "iuc", 5)
    assert row["difference"] == pytest.approx(0.102)
    assert row["p"] == pytest.approx(2 / 32)
    assert row["p_holm"] == pytest.approx(2 / 32)
    assert 0.1 <= row["low"] <= row["difference"] <= row["high"] <= 0.104


def test_holm_is_over_the_methods_of_each_label():
    values = {
        (method, 0, subject): level + subject / 1000 * level
        for method, level in (("iuc", 0.5), ("a", 0.6), ("b", 0.7))
        for subject in range(5)
    }
    found = paired(cells(values), "dice", "iuc")
    assert found["p"].to_list() == pytest.approx([2 / 32] * 4)
    assert found["p_holm"].to_list() == pytest.approx([4 / 32] * 4)


def test_a_method_without_the_reference_has_no_comparison():
    values = {("new", 0, subject): 0.5 for subject in range(3)}
    assert paired(cells(values), "dice", "iuc").empty


def test_the_deviation_is_over_trainings_and_missing_scores_are_counted(tmp_path):
    values = {
        ("iuc", 0, 0): 0.4,
        ("iuc", 0, 1): 0.6,
        ("iuc", 1, 0): 0.6,
        ("iuc", 1, 1): 0.8,
    }
    summary = summarise(cells(values)).set_index(["metric", "label"])
    dice, hd95 = summary.loc["dice", "pons"], summary.loc["hd95", "pons"]
    assert dice["mean"] == pytest.approx(0.6)
    assert dice["sd"] == pytest.approx(np.std([0.5, 0.7], ddof=1))
    assert (dice["trainings"], dice["scans"], dice["undefined"]) == (2, 2, 0)
    assert np.isnan(hd95["mean"])
    assert hd95["undefined"] == 4

    table = wide(summary.reset_index(), "dice", LabelScheme.load("brainstem"))
    write_tables(tmp_path, {"dice": table})
    markdown = (tmp_path / "dice.md").read_text(encoding="utf-8")
    assert markdown.startswith("| fraction, method | Pons |\n")
    assert "| 2, iuc | 0.600 ± 0.141 |" in markdown
    latex = (tmp_path / "dice.tex").read_text(encoding="utf-8")
    assert r"0.600 $\pm$ 0.141" in latex
    assert r"\toprule" in latex


def test_a_score_that_no_cell_has_has_no_table():
    summary = summarise(cells({("iuc", 0, 0): 0.4}))
    assert wide(summary, "violations", LabelScheme.load("brainstem")).empty


def test_a_structure_that_is_missed_leaves_its_scan_without_a_mean_distance(tmp_path):
    table = pd.concat([cells({("iuc", 0, s): 0.5 for s in range(2)})] * 2, ignore_index=True)
    table["label"] = ["pons", "pons", "medulla", "medulla"]
    table["hd95"] = [1.0, 2.0, 3.0, np.nan]
    table.loc[3, "note"] = "missing in prediction"
    means = with_mean(table).set_index(["label", "scan"])["hd95"]
    assert means["mean", "sub-0"] == 2.0
    assert np.isnan(means["mean", "sub-1"])
    summary = summarise(table)
    shown = wide(summary, "hd95", LabelScheme.load("brainstem")).loc["2", "iuc"]
    assert shown["Medulla oblongata"] == "3.00 (1 of 2)"
    assert shown["Mean of all"] == "2.00 (1 of 2)"
