"""In two phases: what is known of all scans first, and then the parts from full scans alone."""

from __future__ import annotations

from ...runs import RunFolder
from ..material import Material
from ..material.coarsening import coarsened
from ..run.callback import Reporter
from ..run.stages import StageReporter, train_stage
from ..run.train import fit
from ..settings.config import TrainConfig


def phased(run: RunFolder, config: TrainConfig, material: Material, reporter: Reporter) -> None:
    """Train on all scans in coarse labels, then with a new last layer on the full scans.

    One of the six strategies that Phitidis et al. compare (arXiv 2601.20503, 2026). The coarse
    labels are those that every scan knows, or the union of all where there is none.
    """
    first = train_stage(
        run,
        "coarse",
        "coarse labels",
        config.stage(),
        coarsened(material),
        reporter,
        after=1,
        new_head=True,
    )
    onwards = config.model_copy(update={"initial_model": first})
    told = StageReporter(reporter, run, "all labels")
    fit(run, onwards, material.of_full_scans(), told, new_head=True)
