"""Work cut into small steps, so that whoever holds the event loop can do it bit by bit."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar

T = TypeVar("T")
Steps = Generator[None, None, T]


def finish(steps: Steps[T]) -> T:
    """Do all steps and return what comes of them; for use without an event loop."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


class StepwiseWork:
    """Steps that are polled as a Job is: one at each `poll`, until `onFinished` gets the result.

    An error of a step is raised by the `poll` that meets it, and the work is over then.
    """

    def __init__(self, steps: Steps[T], onFinished: Callable[[T], object]) -> None:
        self.over = False
        self._steps = steps
        self._onFinished = onFinished

    def poll(self) -> bool:
        """Do the next step and return whether the work is over."""
        if self.over:
            return True
        try:
            next(self._steps)
        except StopIteration as end:
            self.over = True
            self._onFinished(end.value)
        except BaseException:
            self.over = True
            raise
        return self.over

    def cancel(self) -> None:
        """Leave the rest undone; what the steps hold is given back."""
        self.over = True
        self._steps.close()
