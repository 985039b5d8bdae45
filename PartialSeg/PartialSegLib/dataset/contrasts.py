"""The contrasts of each scan of a dataset, as somebody enters them."""

from __future__ import annotations

import re

from partialseg_trainer.errors import UserError

_DEFAULT = ("T2w",)


def enteredContrasts(text: str) -> tuple[str, ...]:
    """Names with commas or blanks between them, the annotated one first; T2w where there is none.

    Nothing is imported for that: whoever writes the dataset says which names BIDS has. Raises
    UserError for what cannot be a suffix of BIDS, and for one that is there twice.
    """
    names = tuple(filter(None, re.split(r"[,;\s]+", text))) or _DEFAULT
    for number, name in enumerate(names):
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", name):
            raise UserError(
                f"The contrast {name} is no suffix of BIDS, such as T2w, T1w or FLAIR; letters and "
                "digits only."
            )
        # Some disks take names for one that differ in case alone.
        if name.lower() in {other.lower() for other in names[:number]}:
            raise UserError(f"The contrast {name} is named twice; name each once.")
    return names
