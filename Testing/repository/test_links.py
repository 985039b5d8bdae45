"""Every link between the pages and files of the repository leads somewhere."""

import re
from functools import cache
from pathlib import Path

import pytest

from cmake_lists import ROOT

FOLDERS = ("Docs", "PartialSeg/Resources/Models", "PartialSegTrainer", "Testing")
PAGES = sorted(
    {*ROOT.glob("*.md"), *(page for folder in FOLDERS for page in (ROOT / folder).rglob("*.md"))}
)
CODE = re.compile(r"^```.*?^```|`[^`\n]+`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(<?([^)\s>]+)>?(?:\s[^)]*)?\)")
HEADING = re.compile(r"^#+ (.+?)\s*$", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


@cache
def anchors(page: Path) -> set[str]:
    """What GitHub calls the headings of a page, and the site of Docs/ too."""
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    plain = (re.sub(r"\]\([^)]*\)|[`*\[\]]", "", heading) for heading in HEADING.findall(text))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_of_a_page_leads_somewhere(page):
    lost = []
    for link in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"\w+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists():
            lost.append(f"{link}: there is no such file")
        elif not target.is_relative_to(ROOT):
            lost.append(f"{link}: leaves the repository")
        elif anchor and anchor not in anchors(target):
            lost.append(f"{link}: {target.name} has no such heading, but {sorted(anchors(target))}")
    assert not lost, f"{page.relative_to(ROOT)}:\n" + "\n".join(lost)


def test_every_page_of_docs_can_be_reached_from_the_readme():
    reached, new = set(), [ROOT / "README.md"]
    while new:
        page = new.pop()
        reached.add(page)
        for link in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
            target = (page.parent / link.partition("#")[0]).resolve()
            if target.suffix == ".md" and target.is_file() and target not in reached:
                new.append(target)
    alone = [page.name for page in (ROOT / "Docs").glob("*.md") if page not in reached]
    assert not alone, f"no page links to {alone}: name them in README's 'Read on'"


def test_the_site_names_every_page_of_docs():
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:")[2]
    missing = [
        page.name
        for page in (ROOT / "Docs").glob("*.md")
        if not re.search(rf"- (.*: )?{re.escape(page.name)}$", navigation, re.MULTILINE)
    ]
    assert not missing, f"mkdocs.yml, nav: add {missing}"


def test_the_site_asks_nothing_of_the_network():
    """Neither fonts nor the stars of a repository are fetched by a reader's browser."""
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert re.search(r"^  font: false$", settings, re.MULTILINE)
    assert not re.search(r"^(repo_url|extra_javascript):|//cdn|unpkg", settings, re.MULTILINE)
    style = (ROOT / "Docs" / "site" / "site.css").read_text(encoding="utf-8")
    assert "//" not in style and "@import" not in style
