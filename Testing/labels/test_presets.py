"""The presets that come with the package say the same thing in the same way."""

from itertools import combinations

import pytest

from partialseg_trainer.labels import LabelScheme
from partialseg_trainer.labels.scheme import preset_names

PRESETS = [LabelScheme.load(name) for name in preset_names()]
LABELS = [label for scheme in PRESETS for label in scheme]
CODES = [tuple(code) for label in LABELS for code in label.terminology.values()]

# The dihedral group D5 and the permutation of Verhoeff's check digit (SNOMED CT Release File
# Specification, "Check-digit computation").
MULTIPLY = [
    "0123456789",
    "1234067895",
    "2340178956",
    "3401289567",
    "4012395678",
    "5987604321",
    "6598710432",
    "7659821043",
    "8765932104",
    "9876543210",
]
PERMUTE = [
    "0123456789",
    "1576283094",
    "5803796142",
    "8916043527",
    "9453126870",
    "4286573901",
    "2793806415",
    "7046913258",
]


def verhoeff(identifier: str) -> int:
    """Verhoeff's checksum: 0 for an identifier that was copied without a slip."""
    checksum = 0
    for position, digit in enumerate(reversed(identifier)):
        checksum = int(MULTIPLY[checksum][int(PERMUTE[position % 8][int(digit)])])
    return checksum


def test_the_presets_are_the_documented_ones():
    assert preset_names() == ("brainstem", "dhcp9", "fetal8", "wmh-stroke")


def test_the_values_of_dhcp9_are_those_of_drawem_and_tcv_follows():
    values = {label.name: label.value for label in LabelScheme.load("dhcp9")}
    assert values == {
        **{"csf": 1, "cgm": 2, "wm": 3, "background": 4, "ventricles": 5, "cerebellum": 6},
        **{"dgm": 7, "brainstem": 8, "hippocampi_amygdala": 9, "tcv": 10},
    }


@pytest.mark.parametrize("name, children", [("dhcp9", 3), ("fetal8", 4)])
def test_the_total_cerebrum_is_exactly_its_children(name, children):
    tcv = LabelScheme.load(name)["tcv"]
    assert tcv.exhaustive
    assert len(tcv.children) == children


@pytest.mark.parametrize("scheme", PRESETS, ids=lambda scheme: scheme.name)
def test_a_preset_names_its_source_and_every_label_is_coded_as_slicer_stores_it(scheme):
    assert scheme.source
    for label in scheme:
        assert {"category", "type"} <= set(label.terminology)
        assert set(label.terminology) <= {
            *("category", "type", "typeModifier", "region", "regionModifier")
        }


@pytest.mark.parametrize("code", sorted({code for code in CODES if code[0] == "SCT"}), ids=str)
def test_a_snomed_code_has_its_check_digit(code):
    assert verhoeff(code[1]) == 0


def test_a_code_has_one_meaning():
    meanings = {}
    for system, value, meaning in CODES:
        assert meanings.setdefault((system, value), meaning) == meaning


@pytest.mark.parametrize("scheme", PRESETS, ids=lambda scheme: scheme.name)
def test_the_colours_of_a_preset_can_be_told_apart(scheme):
    for one, other in combinations(scheme, 2):
        distance = sum(abs(a - b) for a, b in zip(one.colour, other.colour, strict=True))
        assert distance > 60, f"{one.name} and {other.name} look alike"


def test_a_structure_looks_and_is_coded_the_same_in_every_preset():
    first = {}
    for label in LABELS:
        known = first.setdefault(label.name, label)
        assert label.colour == known.colour
        assert label.terminology == known.terminology
