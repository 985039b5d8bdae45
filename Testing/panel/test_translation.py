"""Every text that users see can be translated: it goes through `_`, and reaches translators.

Translations themselves are not part of an extension: Slicer keeps those of all extensions in the
repository SlicerLanguageTranslations, made from what its script finds in the source code.
"""

import ast
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from lupdate import LUPDATE, context_of, texts_found

MODULE = Path(__file__).resolve().parents[2] / "PartialSeg"
LIBRARY = MODULE / "PartialSegLib"
# These show what comes from the engine's tables, and what the library refuses, in scripts as well.
ENGLISH = {
    *("schemeTitleLabel", "completeRadioButton", "samplingComboBox"),
    *("methodDescriptionLabel", "strategyDescriptionLabel", "networkDescriptionLabel"),
}
# Names for scripts and files, and shortcuts: a translation of them would break the panel.
NO_TEXTS = {"SlicerParameterName", "settingKey", "nodeTypes", "shortcut"}
# What is assigned to these is seen by the user, and so is what these get.
SHOWN = {"text", "toolTip", "windowTitle", "title", "format", "placeholderText"}
SHOWING = {
    *("setEnabled", "errorDisplay", "warningDisplay", "infoDisplay", "showStatusMessage"),
    *("confirmYesNoDisplay", "confirmOkCancelDisplay", "addItem", "setToolTip", "setText"),
    *("_say", "_tell", "tell", "_note", "QAction", "setHorizontalHeaderLabels"),
}
FILES = sorted(LIBRARY.rglob("*.py"))
FORMS = sorted(MODULE.rglob("*.ui"))


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


@pytest.mark.parametrize("file", FILES, ids=[str(file.relative_to(LIBRARY)) for file in FILES])
def test_no_text_that_is_shown_is_left_out(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    left = [text for value in shown(tree) for text in untranslated(value)]
    assert [text for text in left if not text.startswith("%v")] == []


def test_a_text_that_is_left_out_would_be_found():
    code = "ui.label.text = 'Done' if ok else _('Failed')\nself._say(f'{count} scans')"
    assert [text for value in shown(ast.parse(code)) for text in untranslated(value)] == [
        "Done",
        " scans",
    ]


def strings(form: Path):
    """Each string of a form: the property it is of, whether it goes to translators, and itself."""
    for described in ElementTree.parse(form).iter():
        if described.tag in ("property", "attribute"):
            for value in described:
                if value.tag in ("string", "stringlist"):
                    text = value.text or "" if value.tag == "string" else ""
                    yield described.get("name"), value.get("notr") != "true", text


@pytest.mark.parametrize("form", FORMS, ids=[form.stem for form in FORMS])
def test_of_a_form_translators_get_the_texts_and_no_names(form):
    for name, translated, text in strings(form):
        assert translated is (name not in NO_TEXTS), (name, text)


def test_what_goes_through_the_translation_is_found_by_lupdate(tmp_path):
    if not LUPDATE.exists():
        pytest.skip("this PySide6 has no lupdate")
    found = texts_found(MODULE, tmp_path)
    for file in sorted(MODULE.rglob("*.py")):
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "_":
                (text,) = call.args
                where = f"{file.name}:{call.lineno}"
                assert isinstance(text, ast.Constant), f"{where}: a text has to stand in `_`"
                assert text.value in found.get(context_of(file), ()), where
    for form in FORMS:
        texts = {text for _name, translated, text in strings(form) if translated and text.strip()}
        assert texts <= found[form.stem], form.name


@pytest.fixture
def elsewhere(standIn, monkeypatch):
    """The session in a language that has « and » around every text."""
    import sys

    from PySide6 import QtCore

    class Translator(QtCore.QTranslator):
        def isEmpty(self):
            return False

        def translate(self, context, text, disambiguation=None, count=-1):
            return f"«{text}»"

    for name in ("tr", "translate"):
        monkeypatch.setattr(sys.modules["slicer.i18n"], name, lambda *texts: f"«{texts[-1]}»")
    translator = Translator()
    QtCore.QCoreApplication.installTranslator(translator)
    yield standIn
    QtCore.QCoreApplication.removeTranslator(translator)


def test_the_panel_works_in_another_language_and_shows_it(elsewhere):
    """Qt translates names in forms as well as texts; a translated name led nowhere."""
    import slicer

    panel = elsewhere.openModule(MODULE / "PartialSeg.py").panel
    chosen = panel.sections[0].parameterNode
    chosen.inputVolume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    chosen.subject = "07"
    widgets = (widget for section in panel.sections for widget in vars(section.ui).values())
    shown = [
        (widget.objectName, text)
        for widget in widgets
        for text in (str(getattr(widget, name, "")) for name in ("text", "toolTip"))
        if widget.objectName not in ENGLISH and sum(map(str.isalpha, text)) > 2
    ]
    assert [(name, text) for name, text in shown if "«" not in text] == []
    assert len(shown) > 100
