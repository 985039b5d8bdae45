"""What the panel calls the statuses of a label, and the symbols that stand for them."""

from slicer.i18n import tr as _

from partialseg_trainer.labels import Status

STATUS_NAMES = {
    Status.NOT_ANNOTATED: _("Not annotated"),
    Status.IN_PROGRESS: _("In progress"),
    Status.COMPLETE: _("Complete"),
    Status.ABSENT: _("Absent"),
}
"""Names in the order in which a label goes through them."""

STATUS_SYMBOLS = {
    Status.NOT_ANNOTATED: "\N{EN DASH}",
    Status.IN_PROGRESS: "\N{CIRCLE WITH LEFT HALF BLACK}",
    Status.COMPLETE: "\N{BLACK CIRCLE}",
    Status.ABSENT: "\N{WHITE CIRCLE}",
}
"""Where there is no room for names; they are told apart by their shape."""

TO_REVIEW = _("To review")
TO_REVIEW_SYMBOL = "\N{BLACK FLAG}"
"""For what a model has drawn and nobody has looked at."""
