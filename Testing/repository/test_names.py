"""Every file of tests has a name of its own: pytest takes two of one name for one module."""

from collections import Counter
from pathlib import Path

TESTING = Path(__file__).resolve().parents[1]


def test_no_two_files_of_tests_have_one_name():
    names = Counter(path.name for path in TESTING.rglob("*.py") if path.name != "conftest.py")
    assert [name for name, count in names.items() if count > 1] == []
