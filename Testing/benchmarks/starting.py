"""How soon one can begin, and on how small a computer.

    python Testing/benchmarks/starting.py

Every start is a fresh process whose files were compiled before, as an installation does. The
module's panel opens in the stand-in for Slicer (Testing/slicer_stand_in), where torch cannot be
imported: the time is from loading the module's file to the whole panel on the screen. Annotating
and exporting is `annotate_and_export.py`: memory is that of its process and the engine's together,
sampled; Slicer's own windows come on top.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from measuring import Report, in_turns, parser

HERE = Path(__file__).resolve().parent
TESTING, ROOT = HERE.parent, HERE.parents[1]
OPEN_MODULE = """
import sys, tempfile, time
from pathlib import Path
sys.modules["torch"] = None
from slicer_stand_in.session import session, settle
with tempfile.TemporaryDirectory() as folder, session(Path(folder) / "slicer") as running:
    began = time.perf_counter()
    running.openModule(Path(sys.argv[1]))
    settle()
    print(time.perf_counter() - began)
"""


def main() -> None:
    arguments = parser(__doc__).parse_args()
    report = Report("starting", arguments.output)
    with tempfile.TemporaryDirectory() as folder:
        environment = _environment(Path(folder))
        start_rows(report, environment, rounds=3 if arguments.small else 9)
        memory_row(report, environment, 64 if arguments.small else 256, folder)
    report.finish()


def _environment(folder: Path) -> dict[str, str]:
    """Where the module and the engine are, and a place for what Python compiles of them."""
    changed = {
        "PYTHONPATH": os.pathsep.join(
            str(path) for path in (ROOT / "PartialSegTrainer", ROOT / "PartialSeg", TESTING)
        ),
        "PYTHONPYCACHEPREFIX": str(folder / "compiled"),
        "QT_QPA_PLATFORM": "offscreen",
        **{name: str(folder / "home") for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME")},
    }
    kept = {key: text for key, text in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return kept | changed


def start_rows(report: Report, environment: dict[str, str], rounds: int) -> None:
    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            **{"env": environment, "check": True, "capture_output": True, "text": True},
        )
        return done.stdout

    limits = {"import partialseg_trainer.labels": 0.3, "partialseg --help": 0.5}
    seconds = in_turns(
        {
            "python": lambda: run("-c", ""),
            "import partialseg_trainer.labels": lambda: run(
                "-c", "import partialseg_trainer.labels"
            ),
            "partialseg --help": lambda: run(
                "-c", "from partialseg_trainer.cli import main; main(['--help'])"
            ),
        },
        rounds,
    )
    for what, limit in limits.items():
        note = f"{seconds[what]:.2f} s, of which Python itself {seconds['python']:.2f} s"
        report.add(what, f"{limit} s", seconds[what] / limit, "<= 1", note)
    module = str(ROOT / "PartialSeg" / "PartialSeg.py")
    opened = sorted(float(run("-c", OPEN_MODULE, module)) for _ in range(rounds))[rounds // 2]
    report.add("opening the module without torch", "1 s", opened, "<= 1", f"{opened:.2f} s")


def memory_row(report: Report, environment: dict[str, str], size: int, folder: str) -> None:
    script = [sys.executable, str(HERE / "annotate_and_export.py"), str(size), folder]
    process = subprocess.Popen(script, env=environment)
    watched, peak = psutil.Process(process.pid), 0
    while process.poll() is None:
        peak = max(peak, _resident(watched))
        time.sleep(0.01)
    if process.returncode:
        raise RuntimeError("annotating and exporting failed; what it printed says why")
    what = f"annotating and exporting 10 overlapping segments, {size}^3"
    report.add(what, "memory of 1 GB", peak / 1e9, "<= 1", f"{peak / 1e6:.0f} MB resident")


def _resident(process: psutil.Process) -> int:
    """Bytes in memory of a process and those that it started."""
    total = 0
    try:
        for each in (process, *process.children(recursive=True)):
            total += each.memory_info().rss
    except psutil.NoSuchProcess:
        # It ended between the two looks.
        return total
    return total


if __name__ == "__main__":
    main()
