"""An engine that does in a moment what a test says, in a process of its own as the real one.

It reads the same folder and writes the same files, so that what the panel does meanwhile can be
tried without waiting for PyTorch.
"""

import json

_MAIN = """
import base64, json, sys, time
from pathlib import Path
import numpy as np

plan = Path(__file__).resolve().parents[2]
kind, folder = sys.argv[1], Path(sys.argv[2])


def write(name, content):
    (folder / ".new").write_text(json.dumps(content))
    (folder / ".new").replace(folder / name)


(plan / f"{kind}.request.json").write_bytes((folder / "request.json").read_bytes())
(plan / f"{kind}.started").touch()
if (plan / f"{kind}.progress.json").exists():
    write("progress.json", json.loads((plan / f"{kind}.progress.json").read_text()))
while not (plan / f"{kind}.go").exists():
    time.sleep(0.01)
if (plan / f"{kind}.error.json").exists():
    write("error.json", json.loads((plan / f"{kind}.error.json").read_text()))
    sys.exit(1)
if kind in ("segment", "complete"):
    # The scans of these tests are their own labelmaps.
    labelmap = np.load(folder / "image.npy").astype(np.uint8)
    np.save(folder / "labelmap.npy", labelmap)
    np.save(folder / "confidence.npy", np.full(labelmap.shape, 80, np.uint8))
if kind == "growth":
    # A picture of one pixel.
    png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGA"
    png += "hKmMIQAAAABJRU5ErkJggg=="
    (folder / "chart.png").write_bytes(base64.b64decode(png))
write("result.json", json.loads((plan / f"{kind}.result.json").read_text()))
"""


class EngineDouble:
    """Says what jobs report, when they end, and with what."""

    def __init__(self, folder) -> None:
        self._plan = folder
        self.package = folder / "partialseg_trainer"
        jobs = self.package / "jobs"
        jobs.mkdir(parents=True)
        for package in (jobs, self.package):
            (package / "__init__.py").touch()
        (jobs / "__main__.py").write_text(_MAIN)

    def reports(self, kind: str, **progress) -> None:
        """What jobs of this kind say of their progress."""
        (self._plan / f"{kind}.progress.json").write_text(json.dumps(progress))

    def started(self, kind: str) -> bool:
        """Whether a process has begun a job of this kind."""
        return (self._plan / f"{kind}.started").exists()

    def request(self, kind: str) -> dict:
        """What the last job of this kind was asked for."""
        return json.loads((self._plan / f"{kind}.request.json").read_text())

    def finish(self, kind: str, **result) -> None:
        """Let jobs of this kind end with a result."""
        (self._plan / f"{kind}.result.json").write_text(json.dumps(result))
        (self._plan / f"{kind}.go").touch()

    def succeed(self, kind: str, **result) -> None:
        """Let jobs of a kind that failed end with a result from now on."""
        (self._plan / f"{kind}.error.json").unlink()
        self.finish(kind, **result)

    def fail(self, kind: str, message: str, **details) -> None:
        """Let jobs of this kind end with an error."""
        (self._plan / f"{kind}.error.json").write_text(json.dumps({"message": message, **details}))
        (self._plan / f"{kind}.go").touch()
