"""Volumes beside published ones: the table that a lab fills, and the chart made from it."""

import numpy as np
import pytest

from partialseg_trainer.errors import UserError
from partialseg_trainer.evaluation import Norms, growth_chart, norms_names, write_growth_chart
from partialseg_trainer.labels import LabelScheme

HEAD = "# population: 20 newborns of ours\n# source: measured here, 2026\n# licence: CC0\n"
MEANS = HEAD + "age_weeks,label,mean_ml,sd_ml\n36,tcv,200,10\n40,tcv,300,20\n36,dgm,20,15\n"
CENTILES = HEAD + "age_weeks,label,p3_ml,p10_ml,p50_ml,p97_ml\n40,tcv,250,270,300,360\n"


def written(tmp_path, text):
    path = tmp_path / "norms.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_means_and_spreads_are_linear_between_ages_and_end_where_the_table_ends(tmp_path):
    norms = Norms.load(written(tmp_path, MEANS))
    found = norms.at("tcv", 38)
    assert (found.low, found.middle, found.high) == pytest.approx((220, 250, 280))
    assert norms.at("tcv", 35.9) is None and norms.at("tcv", 40.1) is None
    assert norms.at("wm", 38) is None
    assert norms.at("dgm", 36).low == 0
    assert (norms.population, norms.band) == ("20 newborns of ours", "mean ± 2 SD")


def test_of_centiles_the_outermost_are_the_range(tmp_path):
    norms = Norms.load(written(tmp_path, "\ufeff" + CENTILES))
    found = norms.at("tcv", 40)
    assert (found.low, found.middle, found.high) == (250, 300, 360)
    assert norms.band == "centiles 3 to 97"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (MEANS.replace("# licence: CC0\n", ""), "does not say its licence; begin it"),
        (MEANS.replace("age_weeks", "age"), "has no column 'age_weeks'"),
        (MEANS.replace("sd_ml", "spread"), "needs mean_ml and sd_ml, or centiles"),
        (MEANS.replace("200,10", "two,10"), "row 1: mean_ml is 'two', where a number"),
        (MEANS.replace("200,10", "200,"), "row 1: sd_ml is '', where a number"),
        (MEANS.replace("36,tcv", "252,tcv"), r"age_weeks is 252.*an age in days is divided by 7"),
        (MEANS.replace("200,10", "200,-10"), "row 1 .tcv. has the volumes 220, 200, 180"),
        (MEANS.replace("40,tcv", "36,tcv"), "row 2 is a second one of tcv at 36 weeks"),
        (HEAD + "age_weeks,label,mean_ml,sd_ml\n", "has no rows"),
        (MEANS.replace("36,tcv", "36,"), "row 1 names no label"),
    ],
)
def test_what_is_wrong_with_a_table_is_said_in_one_sentence(tmp_path, text, sentence):
    with pytest.raises(UserError, match=sentence) as error:
        Norms.load(written(tmp_path, text))
    assert "norms.csv" in str(error.value) and "\n" not in str(error.value)


def test_norms_of_other_labels_are_refused(tmp_path):
    norms, scheme = Norms.load(written(tmp_path, MEANS)), LabelScheme.load("brainstem")
    with pytest.raises(UserError, match="have none in common"):
        growth_chart({"pons": 2.0}, scheme, norms, 38)
    with pytest.raises(
        UserError, match="neither a file nor one of those that come along, phantoms"
    ):
        Norms.load("dhcp")


def test_the_norms_that_come_along_are_of_phantoms_and_say_so():
    assert norms_names() == ("phantoms",)
    norms = Norms.load("phantoms")
    assert "phantoms" in norms.population and "TRYING ONLY" in norms.note
    assert set(norms.curves) == set(LabelScheme.load("dhcp9").names)
    cerebrum = [norms.at("tcv", weeks).middle for weeks in (28, 36, 44)]
    assert cerebrum == sorted(cerebrum)


def test_a_chart_tells_volumes_and_passes_no_judgement(tmp_path):
    norms, scheme = Norms.load(written(tmp_path, MEANS)), LabelScheme.load("dhcp9")
    picture = growth_chart({"tcv": 150.0, "dgm": 21.0, "wm": 90.0}, scheme, norms, 38.5)
    assert "Total cerebrum 150.0 mL" in picture.alt and "White matter" not in picture.alt
    assert not {"normal", "abnormal", "small", "risk"} & set(picture.alt.lower().split())
    write_growth_chart(tmp_path / "a.png", {"tcv": 150.0}, scheme, norms, np.float64(38.5))
    assert (tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"
