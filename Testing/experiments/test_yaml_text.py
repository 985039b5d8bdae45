"""YAML of others is read as far as it can be held, and refused in one sentence that names it."""

import pytest

from partialseg_trainer.experiments.yaml_text import parse_yaml
from partialseg_trainer.limits import YAML_MB, YAML_VALUES
from refused import refusal

YAML = {
    "deep list": ("- " * 20_000, "nested too deeply"),
    "digits": ("a: " + "9" * 5000, "value that there is not"),
    "64 bits": ("a: 0x1ffffffffffffffff", "beyond 64 bits"),
    "date": ("a: 2026-13-45", "value that there is not"),
    "time zone": ("a: 2001-01-01 00:00:00 +99:99", "value that there is not"),
    "control character": ("a: \x01", "which YAML does not allow"),
    "null character": (r'a: "\0"', "null character"),
    "within itself": ("&a [*a]", YAML_VALUES.variable),
    "object": ("!!python/object:os.system x", "not valid YAML"),
    "empty number": ('!!int ""', "value that there is not"),
    "no time": ("!!timestamp x", "value that there is not"),
    "cut off": ("a: [", "not valid YAML"),
}


@pytest.mark.parametrize("kind", YAML)
def test_yaml(kind):
    text, words = YAML[kind]
    message = refusal(parse_yaml, text, "a.yaml")
    assert message.startswith("a.yaml ") and words in message


def test_aliases_that_double_are_counted_before_they_are_followed():
    doubled = "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
    assert YAML_VALUES.variable in refusal(parse_yaml, "a0: &a0 [x]\n" + doubled, "a.yaml")


def test_aliases_that_share_settings_are_followed():
    found = parse_yaml("a: &a {b: 1, c: 2026-01-02}\nd: {<<: *a, b: 3}\n", "a.yaml")
    assert found["d"]["b"] == 3 and found["d"]["c"] == found["a"]["c"]


def test_a_text_larger_than_the_limit_is_not_parsed():
    assert YAML_MB.variable in refusal(parse_yaml, "- 1\n" * 300_000, "a.yaml")
