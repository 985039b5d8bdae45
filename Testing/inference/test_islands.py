"""Islands of a structure that is one piece go to what lies around them; all else stays."""

import numpy as np

from partialseg_trainer.inference.islands import join_islands
from partialseg_trainer.labels import LabelScheme, LabelSets, Status
from partialseg_trainer.synthesis import make_phantom

SCHEME = LabelScheme.load("dhcp9")
CEREBELLUM, WM, CSF = (SCHEME[name].value for name in ("cerebellum", "wm", "csf"))


def drawn():
    """White matter with a cerebellum in it and an island of it, and an island in the outside."""
    labelmap = np.zeros((14, 12, 10), dtype=np.uint8)
    labelmap[2:12, 2:10, 2:8] = WM
    labelmap[3:6, 3:6, 3:6] = CEREBELLUM
    labelmap[8:10, 6:8, 4] = CEREBELLUM
    labelmap[13, 11, 9] = CEREBELLUM
    return labelmap


def test_an_island_takes_the_value_around_it_and_the_largest_piece_stays():
    labelmap = drawn()
    changed = join_islands(labelmap, SCHEME)
    assert np.count_nonzero(labelmap == CEREBELLUM) == 27
    assert (labelmap[8:10, 6:8, 4] == WM).all() and labelmap[13, 11, 9] == 0
    assert changed.sum() == 5 and (labelmap[~changed] == drawn()[~changed]).all()


def test_other_structures_may_lie_in_pieces():
    labelmap = np.where(drawn() == CEREBELLUM, CSF, drawn())
    before = labelmap.copy()
    assert not join_islands(labelmap, SCHEME).any() and (labelmap == before).all()


def test_a_newborn_stays_as_it_is():
    labelmap = make_phantom(1, spacing=2.0, weeks=40).labelmap.data.copy()
    assert not join_islands(labelmap, SCHEME).any()


def test_parts_of_a_structure_that_is_cut_up_further_are_left_alone():
    scheme = LabelScheme.load("brainstem")
    labelmap = np.zeros((9, 3, 3), dtype=np.uint8)
    labelmap[0], labelmap[8] = scheme["pons"].value, scheme["pons"].value
    assert not join_islands(labelmap, scheme).any()


def test_what_is_known_of_an_island_is_never_contradicted():
    labelmap = drawn()
    labelmap[2:4, 8:10, 6:8] = CEREBELLUM
    stroke, elsewhere = (np.zeros(labelmap.shape, bool) for _ in range(2))
    # A voxel of one island was drawn; of a voxel of another, that it is no part of the cerebrum.
    stroke[8, 6, 4] = elsewhere[2, 8, 6] = True
    nothing = np.zeros(labelmap.shape, bool)
    known = LabelSets.from_masks(
        SCHEME, {"cerebellum": stroke}, {"cerebellum": Status.IN_PROGRESS}
    ).also(LabelSets.from_masks(SCHEME, {"tcv": nothing}, {"tcv": Status.COMPLETE}, elsewhere))
    changed = join_islands(labelmap, SCHEME, known)
    assert (labelmap[8:10, 6:8, 4] == CEREBELLUM).all(), "drawn"
    assert labelmap[13, 11, 9] == 0, "nothing is known of it"
    assert (labelmap[2:4, 8:10, 6:8] == 0).all(), "white matter is all around, and excluded"
    assert changed.sum() == 9
