"""What `segment` makes of each result: its picture, and its rows of the cohort's table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UserError

if TYPE_CHECKING:
    from ..evaluation import CohortStatistics, Norms
    from ..inference import Job, Outputs, Part, Segmentation


class NumbersAndPictures:
    """`--statistics`, `--preview` and `--norms` of all scans in `source`.

    Args:
        norms: published volumes, for the scans whose age is known; None where nobody asked.
        table: the file of --statistics; None where nobody asked for it.
        part, resume, overwrite: see `CohortStatistics`.

    Raises UserError for a table that cannot be written.
    """

    def __init__(
        self,
        source: Path,
        outputs: Outputs,
        table: Path | None,
        *,
        part: Part | None,
        resume: bool,
        overwrite: bool,
        norms: Norms | None = None,
    ):
        self._norms = norms
        self._source, self._outputs, self._overwrite = source, outputs, overwrite
        self._numbers: CohortStatistics | None = None
        if table is not None:
            from ..evaluation import CohortStatistics

            self._numbers = CohortStatistics(table, part=part, resume=resume, overwrite=overwrite)

    @property
    def table(self) -> Path | None:
        """Where the table is written."""
        return None if self._numbers is None else self._numbers.path

    def is_done(self, job: Job) -> bool:
        """Whether all files of a scan, and its rows, are there.

        Raises UserError where its labelmap is, and more is missing, unless files may be replaced:
        the labelmap comes last, so somebody asks for more now, and may have corrected it.
        """
        missing = [str(path) for path in job.files(self._outputs) if not path.exists()]
        if self._numbers is not None and self._name(job) not in self._numbers:
            missing.append(f"its rows in {self.table}")
        if missing and job.labelmap.exists() and not self._overwrite:
            raise UserError(
                f"{job.labelmap} is there, but not {missing[0]}; ask for that to be made anew "
                "(--continue --overwrite), or do not ask for it."
            )
        return not missing

    def add(self, job: Job, result: Segmentation) -> None:
        """Write what was asked for of one result."""
        if self._norms is not None and job.weeks is not None:
            from ..evaluation import write_growth_chart

            volumes, scheme = result.volumes_ml(), result.scheme
            write_growth_chart(job.growth, volumes, scheme, self._norms, job.weeks)
        if self._numbers is None and not self._outputs.preview:
            return
        from ..evaluation import write_preview
        from ..volumes import as_volume

        # Read once more: it would have taken memory while the network needed that.
        image = as_volume(job.scan())
        if self._outputs.preview:
            write_preview(job.preview, result, image)
        if self._numbers is not None:
            self._numbers.add(self._name(job), result, image)

    def finish(self) -> None:
        """Write the table once more, with what only parts had."""
        if self._numbers is not None:
            self._numbers.write()

    def _name(self, job: Job) -> str:
        """A scan's place in the folder, or its file's name."""
        if job.series or not self._source.is_dir():
            return job.image.name
        return job.image.relative_to(self._source).as_posix()
