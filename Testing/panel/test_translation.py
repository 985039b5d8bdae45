"""Every text that the panel shows can be translated: it goes through `_`."""

import ast
from pathlib import Path

import pytest

PANEL = Path(__file__).resolve().parents[2] / "PartialSeg" / "PartialSegLib" / "panel"
# What is assigned to these is seen by the user, and so is what these get.
SHOWN = {"text", "toolTip", "windowTitle", "title", "format", "placeholderText"}
SHOWING = {
    *("setEnabled", "errorDisplay", "warningDisplay", "infoDisplay", "showStatusMessage"),
    *("confirmYesNoDisplay", "confirmOkCancelDisplay", "addItem", "setToolTip", "setText"),
    *("_say", "_tell", "_note", "QAction", "setHorizontalHeaderLabels"),
}
FILES = sorted(PANEL.rglob("*.py"))


def untranslated(node: ast.AST):
    """Words in an expression that do not go through `_`."""
    if isinstance(node, ast.Call):
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in ("_", "translate"):
            return
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str) and sum(map(str.isalpha, node.value)) > 1:
            yield node.value
        return
    if isinstance(node, (ast.Subscript, ast.Attribute)):
        return
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        # "text".format(...) is a text; what other methods get are names.
        if node.func.attr in ("format", "join"):
            yield from untranslated(node.func.value)
        return
    for child in ast.iter_child_nodes(node):
        yield from untranslated(child)


def shown(tree: ast.AST):
    """Expressions whose value a user sees."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            if any(isinstance(each, ast.Attribute) and each.attr in SHOWN for each in node.targets):
                yield node.value
        elif isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in SHOWING:
                yield from node.args


@pytest.mark.parametrize("file", FILES, ids=[str(file.relative_to(PANEL)) for file in FILES])
def test_no_text_of_the_panel_is_left_out(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    left = [text for value in shown(tree) for text in untranslated(value)]
    assert [text for text in left if not text.startswith("%v")] == []


def test_a_text_that_is_left_out_would_be_found():
    code = "ui.label.text = 'Done' if ok else _('Failed')\nself._say(f'{count} scans')"
    assert [text for value in shown(ast.parse(code)) for text in untranslated(value)] == [
        "Done",
        " scans",
    ]
