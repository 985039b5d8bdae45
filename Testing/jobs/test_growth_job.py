"""The chart of volumes by age, as the panel asks for it."""

import pytest

from partialseg_trainer.errors import UserError
from partialseg_trainer.jobs import growth
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
