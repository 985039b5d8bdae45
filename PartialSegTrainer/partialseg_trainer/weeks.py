"""Post-menstrual age in weeks: what can be one."""

from __future__ import annotations

import math

from .errors import UserError

# From before the youngest fetus whose brain is segmented to a year after term.
WEEKS = (15.0, 92.0)


def checked_weeks(weeks: float, origin: str) -> float:
    """A post-menstrual age in weeks; `origin` says in errors where it stands.

    Raises UserError for what cannot be one, such as an age in days or years.
    """
    low, high = WEEKS
    if math.isfinite(weeks) and low <= weeks <= high:
        return weeks
    days = " (an age in days is divided by 7)" if low <= weeks / 7 <= high else ""
    raise UserError(
        f"{origin} is {weeks:g}, which is no post-menstrual age of a newborn in weeks, {low:g} to "
        f"{high:g}; give the weeks since the mother's last period began{days}."
    )
