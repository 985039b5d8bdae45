"""`partialseg schemes` and `partialseg devices`: what there is to choose from."""

import json

from partialseg_trainer.labels import LabelScheme
from partialseg_trainer.labels.scheme import preset_names


def test_every_preset_is_listed(partialseg):
    shown = partialseg("schemes", "list")
    assert shown.code == 0 and all(name in shown.out for name in preset_names())
    listed = json.loads(partialseg("schemes", "list", "--json").out)
    assert {entry["name"] for entry in listed} == set(preset_names())
    assert all(entry["title"] and entry["labels"] for entry in listed)


def test_a_scheme_is_shown_with_parts_below_their_super_label(partialseg):
    shown = partialseg("schemes", "show", "dhcp9").out
    rows = [line for line in shown.splitlines() if " tcv " in line or " cgm " in line]
    assert "Total cerebrum" in rows[0] and "10" in rows[0] and "fill it" in rows[0]
    assert "  Cortical grey matter" in rows[1] and " 2 " in rows[1]


def test_the_json_of_a_scheme_is_a_schemes_file(partialseg, tmp_path):
    own = tmp_path / "own.json"
    own.write_text(partialseg("schemes", "show", "brainstem", "--json").out)
    assert LabelScheme.load(own) == LabelScheme.load("brainstem")
    assert json.loads(partialseg("schemes", "show", own, "--json").out) == json.loads(
        own.read_text()
    )


def test_a_scheme_that_does_not_exist_is_refused(partialseg):
    result = partialseg("schemes", "show", "dhcp99")
    assert result.code == 2 and "dhcp9" in result.sentence


def test_the_cpu_is_always_a_device(partialseg):
    shown = partialseg("devices")
    assert shown.code == 0 and "cpu" in shown.out and "thread" in shown.out
    content = json.loads(partialseg("devices", "--json").out)
    assert content["devices"][-1]["name"] == "cpu"
    assert content["default"] in [device["name"] for device in content["devices"]]
