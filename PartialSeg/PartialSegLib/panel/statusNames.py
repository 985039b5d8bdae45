"""What the panel calls the statuses of a label."""

from slicer.i18n import tr as _

from partialseg_trainer.labels import Status

STATUS_NAMES = {
    Status.NOT_ANNOTATED: _("Not annotated"),
    Status.IN_PROGRESS: _("In progress"),
    Status.COMPLETE: _("Complete"),
    Status.ABSENT: _("Absent"),
}
"""Names in the order in which a label goes through them."""
