"""The chart of volumes by age, as the panel asks for it."""

import importlib
import pkgutil

import pytest

from partialseg_trainer import jobs
from partialseg_trainer.errors import UserError
from partialseg_trainer.jobs import age, growth
from partialseg_trainer.jobs.__main__ import KINDS
from partialseg_trainer.labels import LabelScheme

TABLE = """# population: nobody
# source: made up
# licence: CC0
age_weeks,label,mean_ml,sd_ml
36,tcv,200,20
40,tcv,280,20
"""


def test_a_picture_is_drawn_and_what_cannot_be_is_said(job, tmp_path):
    table = tmp_path / "norms.csv"
    table.write_text(TABLE)
    request = {
        "volumes": {"tcv": 240.0},
        "scheme": LabelScheme.load("dhcp9").to_dict(),
        "norms": str(table),
        "weeks": 38.5,
    }
    folder = job(request)
    drawn = folder.path / growth.work(folder)["chart"]
    assert drawn.read_bytes().startswith(b"\x89PNG")
    for wrong, why in (
        ({"weeks": 3.0}, "no post-menstrual age"),
        ({"volumes": {"wm": 3.0}}, "none in common"),
        ({"norms": str(tmp_path / "none.csv")}, "no norms"),
    ):
        with pytest.raises(UserError, match=why):
            growth.work(job({**request, **wrong}))


def test_every_job_there_is_can_be_asked_for():
    names = [module.name for module in pkgutil.iter_modules(jobs.__path__)]
    work = [name for name in names if name != "__main__"]
    modules = [importlib.import_module(f"{jobs.__name__}.{name}") for name in work]
    assert {m.__name__.rpartition(".")[2] for m in modules if hasattr(m, "work")} == set(KINDS)


def test_the_age_is_that_of_the_table_beside_the_scan(job, tmp_path):
    scan = tmp_path / "sub-1_T2w.nii.gz"
    scan.touch()
    assert age.work(job({"scan": str(scan)})) == {"weeks": None}
    (tmp_path / "participants.tsv").write_text("participant_id\tscan_age\nsub-1\t38.5\n")
    assert age.work(job({"scan": str(scan)})) == {"weeks": 38.5}
