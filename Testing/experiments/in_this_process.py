"""Stands in for a Dask client where only what happens around the cells is of interest."""

from contextlib import contextmanager


class InThisProcess:
    """Does each cell when it is submitted, in the order in which they come."""

    def __init__(self, monkeypatch):
        import dask.distributed

        monkeypatch.setattr(dask.distributed, "as_completed", lambda futures: futures)

    @contextmanager
    def connect(self, cells):
        yield self

    def submit(self, work, *arguments, **_):
        value = work(*arguments)
        return type("Future", (), {"status": "finished", "result": lambda _: value})()
