"""How long something takes, in words."""


def inWords(seconds: float) -> str:
    """A time to wait: "40 s", "5 min", "3 h 20 min"."""
    from slicer.i18n import tr as _

    if seconds < 90:
        return _("{count} s").format(count=round(seconds))
    minutes = round(seconds / 60)
    if minutes < 120:
        return _("{count} min").format(count=minutes)
    return _("{hours} h {minutes} min").format(hours=minutes // 60, minutes=minutes % 60)


def timeLeft(seconds: float) -> str:
    """A time that something still takes, as in "5 min left"; estimates end before the work does."""
    from slicer.i18n import tr as _

    return _("almost done") if seconds < 1.5 else _("{time} left").format(time=inWords(seconds))
