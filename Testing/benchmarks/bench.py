"""Run the benchmarks, each in a process of its own, and put their figures into one table.

    python Testing/benchmarks/bench.py --output FOLDER [--small] [--only NAME ...]

Leaves FOLDER/NAME.json for each of them, and FOLDER/figures.md with all rows.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from measuring import HEADER, Row, as_line, parser

HERE = Path(__file__).parent
# In the order in which they run; `robustness` is about Dice, not speed, and needs the atlas.
BENCHMARKS = (
    "encoding",
    "mrml_export",
    "segmenting",
    "metrics",
    "losses",
    "reading",
    "training",
    "starting",
    "clicks",
    "growth",
    "ranks",
    "grid",
)


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--only", nargs="+", choices=BENCHMARKS, default=BENCHMARKS)
    arguments = options.parse_args()
    output = arguments.output or Path("build/benchmarks")
    output.mkdir(parents=True, exist_ok=True)
    failed = []
    for name in arguments.only:
        print(f"\n{name}\n{HEADER}", flush=True)
        began = time.perf_counter()
        command = [sys.executable, str(HERE / f"{name}.py"), "--output", str(output)]
        done = subprocess.run([*command, *["--small"] * arguments.small], check=False)
        if done.returncode:
            failed.append(name)
        print(f"({name}: {time.perf_counter() - began:.0f} s)", flush=True)
    (output / "figures.md").write_text(_table(output), encoding="utf-8")
    print(f"\nAll figures are in {output / 'figures.md'}.")
    if failed:
        print(f"Failed: {', '.join(failed)}", file=sys.stderr)
    return len(failed)


def _table(output: Path) -> str:
    lines = [HEADER]
    for name in BENCHMARKS:
        file = output / f"{name}.json"
        if file.is_file():
            for row in json.loads(file.read_text(encoding="utf-8"))["rows"]:
                row.pop("met")
                lines.append(as_line(Row(**row)))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
