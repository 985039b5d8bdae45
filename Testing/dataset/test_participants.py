"""Who trains and who tests is what the table says, however people write it, or nothing is done."""

import multiprocessing

import pytest

from partialseg_trainer.dataset import Dataset, split_subjects
from partialseg_trainer.dataset.participants import read_rows
from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelScheme, LabelSets
from small_scans import image, labelmap


@pytest.fixture
def seven(tmp_path, dhcp9):
    """Subjects 01 to 07."""
    dataset = Dataset.create(tmp_path / "seven", dhcp9, "seven")
    for number in range(1, 8):
        add(dataset, f"{number:02}", seed=number)
    return dataset


def add(dataset, subject, seed=0, **more):
    sets = LabelSets.from_labelmap(dataset.scheme, labelmap(seed).data)
    return dataset.add_case(subject, image(seed), sets, {}, **more)


def write(dataset, *lines):
    (dataset.folder / "participants.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def parts_of(dataset, subject):
    """The parts that a subject gets in ten draws."""
    splits = (split_subjects(dataset, 0.2, 0.2, seed) for seed in range(10))
    return {part for split in splits for part, names in split._asdict().items() if subject in names}


ROWS = [f"sub-{number:02}\tn/a\tn/a" for number in range(1, 7)]


@pytest.mark.parametrize(
    ("head", "row"),
    [
        ("participant_id\tgroup\tsplit", "sub-07\tn/a\ttest"),
        ("participant_id\tgroup\tSplit", "sub-07\tn/a\ttest"),
        ("Participant ID \tgroup\t split ", " sub-07 \tn/a\t Test "),
        ('"participant_id"\t"group"\t"split"', '"sub-07"\t""\t"test"'),
        ("\ufeffparticipant_id\tgroup\tsplit\t\t", "07\tNA\ttest\t\t\r"),
        ("participant_id\tgroup\tsplit", "sub-07\tn/a\ttest\n\n"),
    ],
)
def test_a_subject_fixed_for_tests_never_trains(seven, head, row):
    write(seven, head, *ROWS, row)
    assert parts_of(seven, "07") == {"test"}


def test_a_quotation_mark_that_is_never_closed_hides_no_row_and_is_kept(seven):
    rows = [f"{row}\t{comment}" for row, comment in zip(ROWS, ['"motion', *"bcdef"], strict=True)]
    write(seven, "participant_id\tgroup\tsplit\tcomment", *rows, "sub-07\tn/a\ttest\tg")
    assert parts_of(seven, "07") == {"test"}
    add(seven, "08", group='the "b" twins')
    assert [row["participant_id"] for row in read_rows(seven.folder)] == [
        f"sub-{number:02}" for number in range(1, 9)
    ]
    text = (seven.folder / "participants.tsv").read_text()
    assert 'sub-01\tn/a\tn/a\t"motion\n' in text and '\tthe "b" twins\t' in text


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (["sub-7\tn/a\ttest"], r"row sub-7 \(split test\).*sub-07"),
        (["sub-07x\ttwins\tn/a"], r"row sub-07x \(group twins\)"),
        (["SUB-07\tn/a\ttest"], r"SUB-07.*sub-07"),
        (["sub-07 test"], r"row sub-07 test \(no split\)"),
        (["sub-07\tn/a\ttest\tmoved"], r"row 7 \(sub-07\) has 4 entries"),
        (["\tn/a\ttest"], "without 'participant_id'"),
        (["sub-07\tn/a\ttest", "sub-07\tn/a\ttrain"], "sub-07 has two rows"),
        (["sub-07\tn/a\tholdout"], "holdout"),
    ],
)
def test_a_table_that_does_not_fit_the_folders_is_refused_by_name(seven, rows, words):
    write(seven, "participant_id\tgroup\tsplit", *ROWS, *rows)
    with pytest.raises(UserError, match=words):
        split_subjects(seven)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("participant_id\tsplit\tSplit", "two columns 'split'"),
        ("participant_id group split", "separate the columns by tabs"),
    ],
)
def test_a_heading_that_can_be_read_in_two_ways_is_refused(seven, head, words):
    write(seven, head, "sub-01\tn/a\ttest" if "\t" in head else "sub-01")
    with pytest.raises(UserError, match=words):
        split_subjects(seven)


@pytest.mark.parametrize("one", ["Family 3", "family\u00a0 3", "family3"])
def test_groups_that_differ_in_case_or_blanks_alone_are_refused(seven, one):
    write(seven, "participant_id\tgroup", f"sub-01\t{one}", "sub-02\tfamily 3 ")
    with pytest.raises(UserError, match=f"'{one}' and 'family 3'"):
        split_subjects(seven)


def test_a_table_whose_content_was_not_fetched_is_not_an_empty_one(seven):
    table = seven.folder / "participants.tsv"
    table.unlink()
    table.symlink_to(".git/annex/objects/gone")
    with pytest.raises(UserError, match="datalad get"):
        split_subjects(seven)


def test_a_case_whose_sidecar_was_not_fetched_is_not_left_out(seven):
    sidecar = seven.cases[0].sidecar_path
    sidecar.unlink()
    sidecar.symlink_to("../.git/annex/objects/gone")
    with pytest.raises(UserError, match=r"sub-01_desc.*datalad get"):
        split_subjects(seven)


@pytest.mark.parametrize(("subject", "session"), [("NEO1", None), ("neo1", "a")])
def test_a_case_that_differs_from_another_in_case_alone_is_refused(tmp_path, subject, session):
    dataset = Dataset.create(tmp_path / "d", "dhcp9", "d")
    add(dataset, "neo1", session="A")
    with pytest.raises(UserError, match="case alone"):
        add(dataset, subject, session=session)
    assert len(dataset.cases) == 1


def _add_many(folder, writer):
    dataset = Dataset.open(folder)
    for number in range(4):
        add(dataset, f"{writer}x{number}", seed=10 * writer + number, group=f"family{number}")


def test_cases_added_by_many_processes_at_once_all_get_their_rows(tmp_path):
    Dataset.create(tmp_path / "d", LabelScheme.load("dhcp9"), "d")
    context = multiprocessing.get_context("fork")
    writers = [
        context.Process(target=_add_many, args=(tmp_path / "d", number)) for number in range(6)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert {writer.exitcode for writer in writers} == {0}
    groups = {row["participant_id"]: row["group"] for row in read_rows(tmp_path / "d")}
    assert groups == {
        f"sub-{writer}x{number}": f"family{number}" for writer in range(6) for number in range(4)
    }
