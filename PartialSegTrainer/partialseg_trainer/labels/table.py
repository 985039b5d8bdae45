"""What each value of a labelmap means, as a table that BIDS tools read."""

from __future__ import annotations

from .scheme import LabelScheme


def bids_table(scheme: LabelScheme) -> str:
    """The content of a `*_dseg.tsv`: index, name, abbreviation and colour of every label.

    The abbreviation is the label's name in the scheme (BIDS, "Discrete segmentations").
    """
    rows = [("index", "name", "abbreviation", "color")]
    for label in scheme:
        # Blanks of any kind would shift the columns.
        title = " ".join(label.title.split())
        colour = "#{:02x}{:02x}{:02x}".format(*label.colour)
        rows.append((str(label.value), title, label.name, colour))
    return "".join("\t".join(row) + "\n" for row in rows)
