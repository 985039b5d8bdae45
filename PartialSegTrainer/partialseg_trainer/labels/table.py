"""What each value of a labelmap means, as a table that BIDS tools read."""

from __future__ import annotations

from .scheme import LabelScheme

_COLUMNS = ("index", "name", "abbreviation", "color")


def bids_table(scheme: LabelScheme) -> str:
    """The content of a `*_dseg.tsv`: index, name, abbreviation and colour of every label.

    The abbreviation is the label's name in the scheme (BIDS, "Discrete segmentations").
    """
    rows = [_COLUMNS]
    for label in scheme:
        # Blanks of any kind would shift the columns.
        title = " ".join(label.title.split())
        colour = "#{:02x}{:02x}{:02x}".format(*label.colour)
        rows.append((str(label.value), title, label.name, colour))
    return "".join("\t".join(row) + "\n" for row in rows)


def names_in_table(table: str) -> set[str]:
    """The names of the labels in a table of `bids_table`; none of any other text."""
    first, *rows = (line.split("\t") for line in f"{table}\n".splitlines())
    if tuple(first) != _COLUMNS:
        return set()
    return {row[2] for row in rows if len(row) == len(_COLUMNS)}
