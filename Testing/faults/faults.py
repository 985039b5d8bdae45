"""Each script of this folder in turn, with the same options: what was tried, and what survived.

python Testing/faults/faults.py [--seed N] [--keep DIR]        # or: make faults
"""

import subprocess
import sys
from pathlib import Path

SCRIPTS = ("files.py", "runs.py")


def main() -> int:
    folder, failed = Path(__file__).parent, 0
    for script in SCRIPTS:
        # Also after one has failed: each says all that it has found.
        done = subprocess.run([sys.executable, folder / script, *sys.argv[1:]])
        failed |= done.returncode != 0
        print(flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
