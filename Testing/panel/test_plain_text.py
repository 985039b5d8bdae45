"""Names and titles in the panel are shown as they are, whatever they look like."""

NAME = "<img src=x><b>bold</b>"


def test_every_label_of_a_section_shows_text(section):
    import qt

    from PartialSegLib.panel.train.section import TrainSection

    labels = section(TrainSection).widget.findChildren("QLabel")
    assert labels
    assert [x.objectName for x in labels if x.textFormat != qt.Qt.PlainText] == []


def test_messages_and_tooltips_show_text(standIn, dialogs):
    import qt

    from partialseg_trainer.errors import UserError
    from PartialSegLib.panel.plainText import plain
    from PartialSegLib.panel.section import setEnabled, showError

    showError(UserError(f"{NAME} is missing."))
    button = qt.QPushButton()
    setEnabled(button, f"{NAME} is missing.", "")
    for shown in (dialogs.messages[-1].text, button.toolTip):
        assert shown == plain(f"{NAME} is missing.") and "<b>" not in shown
    assert plain("a & b") == "a & b"
