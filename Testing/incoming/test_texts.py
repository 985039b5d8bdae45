"""Text of others is read as far as it can be held, and refused in one sentence that names it."""

import json
import os

import pytest

from partialseg_trainer.files import read_checked, read_json
from partialseg_trainer.incoming import parse_json, read_text, shown
from partialseg_trainer.labels import LabelScheme
from partialseg_trainer.limits import ALL, LABELS, TEXT_MB
from partialseg_trainer.models import ModelInfo
from partialseg_trainer.plain_text import printable
from refused import refusal

JSON = {
    "deep list": ("[" * 100_000, "nested too deeply"),
    "deep object": ('{"a":' * 100_000, "nested too deeply"),
    "digits": ("9" * 5000, "number of 5000 digits"),
    "64 bits": ('{"a": [18446744073709551616]}', "beyond 64 bits"),
    "null character": (r'{"a\u0000": 1}', "null character"),
    "half a character": (r'["\ud800"]', "half a character"),
    "cut off": ('{"a": ', "not valid JSON"),
}


@pytest.mark.parametrize("kind", JSON)
def test_json(kind):
    text, words = JSON[kind]
    message = refusal(parse_json, text, "a.json")
    assert message.startswith("a.json ") and words in message


def test_a_value_is_shown_in_one_short_line_whatever_it_is():
    endless = []
    endless.append(endless)
    for value in (endless, 10**6000, ["x"] * 10**6, "x" * 10**6, {"a": {"b": {"c": {"d": {}}}}}):
        assert len(shown(value)) < 600
    assert shown("a\n\x1b") == r"'a\n\x1b'"


def test_control_characters_are_shown_as_escapes():
    assert printable("a\x1b[2J\r\nb\tc\u202e") == r"a\x1b[2J\r" + "\nb\tc" + r"\u202e"
    assert printable("Großhirn, 脳") == "Großhirn, 脳"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
@pytest.mark.parametrize("read", [read_json, read_text])
def test_pipes_devices_and_folders_are_not_read(tmp_path, read):
    os.mkfifo(tmp_path / "pipe.json")
    assert "is a pipe" in refusal(read, tmp_path / "pipe.json")
    assert "is a device" in refusal(read, "/dev/zero")
    assert "is a folder" in refusal(read, tmp_path)


def test_a_text_larger_than_the_limit_is_not_read(tmp_path, monkeypatch):
    (tmp_path / "a.json").write_text(json.dumps(["x" * 3000]))
    monkeypatch.setenv(TEXT_MB.variable, "0.001")
    assert TEXT_MB.variable in refusal(read_json, tmp_path / "a.json")
    monkeypatch.setenv(TEXT_MB.variable, "1")
    assert read_json(tmp_path / "a.json") == ["x" * 3000]


def test_a_wrong_field_is_shown_short(tmp_path):
    (tmp_path / "model.json").write_text(json.dumps({"name": ["x" * 100] * 1000}))
    assert "model.json" in refusal(read_checked, tmp_path / "model.json", ModelInfo)


def test_schemes_too_large_or_too_deep_are_refused(tmp_path):
    wide = [{"name": f"l{n}", "value": n} for n in range(1, int(LABELS.usual) + 2)]
    scheme = {"name": "wide", "labels": wide}
    assert LABELS.variable in refusal(LabelScheme.from_dict, scheme, "wide.json")
    deep = []
    for n in range(1, 20_000):
        deep = [{"name": f"l{n}", "value": n, "children": deep}]
    scheme = {"name": "deep", "labels": deep}
    assert "nested too deeply" in refusal(LabelScheme.from_dict, scheme, "deep.json")


def test_every_limit_is_told_in_the_documentation():
    from pathlib import Path

    page = Path(__file__).resolve().parents[2] / "Docs" / "limits.md"
    told = page.read_text(encoding="utf-8")
    for limit in ALL:
        assert f"`{limit.variable}` | {limit.usual:,g} {limit.unit}" in told
