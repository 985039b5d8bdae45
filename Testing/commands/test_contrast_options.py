"""Several contrasts on the command line: named with commas or spaces, each once."""

import json

from partialseg_trainer.dataset import Dataset


def test_phantoms_have_the_contrasts_named_with_spaces_or_commas(partialseg, tmp_path):
    words = ("--subjects", 1, "--full", 1, "--json")
    made = partialseg("synthesize", "--contrasts", "T2w", "T1w", tmp_path / "both", *words)
    assert json.loads(made.out)["contrasts"] == ["T2w", "T1w"]
    assert Dataset.open(tmp_path / "both").contrasts == ("T2w", "T1w")
    assert partialseg("check", tmp_path / "both").code == 0
    for twice in (("T2w", "t2"), ("T2w,T1w,T2",)):
        refused = partialseg("synthesize", tmp_path / "x", "--contrasts", *twice)
        assert refused.code == 2 and "named twice" in refused.sentence


def test_an_import_takes_images_of_further_contrasts_from_their_own_place(
    partialseg, pairs, tmp_path
):
    words = ("--images", pairs / "images", "--labels", pairs / "labels", "--scheme", "brainstem")
    target = ("--output", tmp_path / "made")
    one = ("--image", f"T1w={pairs / 'images'}")
    same = partialseg("import", *words, *target, *one)
    assert same.code == 2 and "are the same image" in same.sentence
    twice = partialseg("import", *words, *target, *one, "--image", "T1=elsewhere")
    assert twice.code == 2 and "T1w is given twice" in twice.sentence
    for wrong in ("T1w", "=x"):
        refused = partialseg("import", *words, *target, "--image", wrong)
        assert refused.code == 2 and "NAME=PATH" in refused.sentence
    other = partialseg("import", "--layout", "dhcp", "--folder", tmp_path, *target, *one)
    assert other.code == 2 and "--image" in other.err
    assert not (tmp_path / "made").exists()
