"""The report: one file that needs nothing else, and says what the scores say."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from blobs import blob, labelmap
from partialseg_trainer.errors import UserError
from partialseg_trainer.evaluation import (
    ReportCase,
    ReportContent,
    ReportPicture,
    partial_picture,
    plain_summary,
    score,
    score_table,
    write_report,
)
from partialseg_trainer.evaluation.comparison import compare
from partialseg_trainer.labels import LabelScheme, LabelSets, Status
from partialseg_trainer.volumes import Volume

VOID = {"meta", "source", "img", "br"}


class Page(HTMLParser):
    """Collects tags and text; fails on tags that are not closed in order."""

    def __init__(self, html: str):
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def dhcp9() -> LabelScheme:
    return LabelScheme.load("dhcp9")


@pytest.fixture(scope="module")
def truths() -> dict[str, np.ndarray]:
    return {
        f"sub-{seed}": np.where(blob(seed), 7, np.where(blob(seed + 50), 3, 0)) for seed in (1, 2)
    }


@pytest.fixture(scope="module")
def scores(dhcp9, truths):
    """IUC misses a margin of every scan; the supervised model more, and all deep grey of one."""
    predictions = {
        "IUC": {scan: np.roll(data, 1, axis=0) for scan, data in truths.items()},
        "Supervised": {scan: np.roll(data, 3, axis=0) for scan, data in truths.items()},
    }
    worst = predictions["Supervised"]["sub-2"]
    worst[worst == 7] = 3
    return {
        method: {
            scan: score(labelmap(data), labelmap(truths[scan]), dhcp9)
            for scan, data in scans.items()
        }
        for method, scans in predictions.items()
    }


@pytest.fixture(scope="module")
def content(dhcp9, truths, scores) -> ReportContent:
    data = truths["sub-1"]
    image = Volume(data.astype(np.float32), labelmap(data).affine)
    known = [name for name in dhcp9.names if name not in ("cgm", "wm", "dgm")]
    picture = partial_picture(
        image, LabelSets.from_labelmap(dhcp9, data, known), ["tcv", "dgm"], name="sub-1"
    )
    rows = [
        {"epoch": epoch, "training_loss": 1 / (epoch + 1), "validation_loss": None}
        for epoch in range(3)
    ]
    return ReportContent(
        title="Fewer labels & <as good>",
        scheme=dhcp9,
        summary=["It works."],
        scores=scores,
        pictures=[ReportPicture("A partial scan", "Stripes are unknown.", picture)],
        cases=[
            ReportCase(
                "sub-3",
                "training",
                {**dict.fromkeys(dhcp9.names, Status.COMPLETE), "dgm": Status.NOT_ANNOTATED},
            )
        ],
        curves={"IUC": rows},
        settings={"Command": "partialseg demo"},
    )


@pytest.fixture(scope="module")
def html(content, tmp_path_factory) -> str:
    path = write_report(tmp_path_factory.mktemp("report") / "out" / "report.html", content)
    assert [entry.name for entry in path.parent.iterdir()] == ["report.html"]
    return path.read_text(encoding="utf-8")


def test_the_page_is_well_formed_and_needs_nothing_outside_itself(html):
    page = Page(html)
    for tag, attributes in page.tags:
        assert tag not in ("script", "link", "iframe")
        for name in ("src", "href", "srcset"):
            assert attributes.get(name, "data:").startswith("data:")
    assert not re.search(r"url\(|@import|https?://", html)


def test_every_picture_has_an_alternative_text(html):
    pictures = [attributes for tag, attributes in Page(html).tags if tag == "img"]
    assert len(pictures) == 3
    assert all(len(attributes["alt"]) > 20 for attributes in pictures)


def test_texts_are_escaped_and_everything_given_is_told(html, dhcp9):
    text = Page(html).text
    assert "<as good>" not in html
    for words in (
        *("Fewer labels & <as good>", "It works.", "Stripes are unknown.", "sub-3"),
        *("partialseg demo", "not a medical device", "missing in prediction", "1 of 2"),
        *(label.title for label in dhcp9),
    ):
        assert words in text


def test_what_is_not_given_is_left_out(content, tmp_path):
    bare = replace(content, pictures=(), cases=(), curves={}, settings={})
    text = Page(write_report(tmp_path / "report.html", bare).read_text(encoding="utf-8")).text
    for heading in ("Pictures", "How training went", "What was known"):
        assert heading not in text


def test_a_report_is_not_overwritten_unless_asked(content, tmp_path):
    path = write_report(tmp_path / "report.html", content)
    with pytest.raises(UserError, match=r"report\.html would be overwritten"):
        write_report(path, content)
    assert write_report(path, content, replace=True) == path


def test_methods_scored_on_different_scans_are_not_compared(content, tmp_path):
    scores = {"IUC": content.scores["IUC"], "Other": {"sub-1": content.scores["IUC"]["sub-1"]}}
    with pytest.raises(UserError, match=r"IUC and Other cannot be compared.*sub-2"):
        write_report(tmp_path / "report.html", replace(content, scores=scores))


def test_the_best_method_of_a_row_is_marked_but_never_one_that_left_scans_out(scores):
    tables = {method: score_table(scans) for method, scans in scores.items()}
    comparison = compare(tables)
    assert [cell.best for cell in comparison["dgm"]["dice"].values()] == [True, False]
    # Even if its one remaining distance were the smallest.
    tables["Supervised"].loc[tables["Supervised"].label == "dgm", "hd95"] *= 0.001
    distances = compare(tables)["dgm"]["hd95"]
    assert [cell.best for cell in distances.values()] == [True, False]
    assert (distances["Supervised"].used, distances["Supervised"].scans) == (1, 2)
    alone = compare({"IUC": tables["IUC"]})
    assert not alone["dgm"]["dice"]["IUC"].best
    assert not any(cell.best for cell in comparison["csf"]["dice"].values())


def test_a_method_that_loses_everywhere_is_said_to_be_behind(scores, dhcp9):
    tables = {method: score_table(scans) for method, scans in reversed(scores.items())}
    _, against, _ = plain_summary(tables, dhcp9)
    assert "is ahead in 0 of" in against
    assert "It is furthest behind for deep grey matter" in against


def test_the_summary_in_words_names_the_gain_and_what_was_not_found(scores, dhcp9):
    tables = {method: score_table(scans) for method, scans in scores.items()}
    own, against, missed = plain_summary(tables, dhcp9)
    assert own.startswith("IUC reaches a mean Dice of 0.") and "on 2 test scans" in own
    assert "It is furthest ahead for deep grey matter" in against
    assert missed == "Supervised did not find: deep grey matter in 1 of 2."
