"""What the site holds besides the pages of Docs: README, pictures, the reference, a report.

A hook of mkdocs. Pages link to each other and to files as they lie in the repository, so that the
links hold on GitHub and in a clone; here each is turned to where its target is in the site, or on
GitHub.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from posixpath import normpath, relpath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
ENGINE = "partialseg_trainer"
ROOMS = (
    *("labels", "volumes", "dicom", "dataset", "runs", "models", "losses", "networks"),
    *("inference", "training", "completion", "evaluation", "synthesis", "experiments"),
)
MODEL = "PartialSeg/Resources/Models/neonate-t2-dhcp9"
# Files of the repository that lie elsewhere in the site, by their path in it.
PLACES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "house.md",
    "PartialSegTrainer/default_model/README.md": "default-model.md",
    f"{MODEL}/MODEL_CARD.md": "model-card.md",
    "PartialSeg/Resources/Icons/PartialSeg.png": "assets/icon.png",
    "Docs/site/site.css": "assets/site.css",
}
PICTURES = ("PartialSeg/Resources/Screenshots", MODEL)
LINK = re.compile(r"(\]\()(?!\w+:|#|//)<?([^)\s#>]+)>?(#[^)\s>]*)?(?=[)\s])")
CODE = re.compile(r"(^```.*?^```|`[^`\n]+`)", re.MULTILINE | re.DOTALL)
REPORT = """# The demo's report

`make demo` makes phantom newborns, draws segments on them as an annotator would (in most of them
the total cerebrum only), exports the 0/1/2 dataset, trains with the paper's IUC in the background
beside a supervised baseline, segments unseen scans, loads the results into segmentation nodes, and
scores them. [Its report](assets/report.html) has pictures, curves and a table.

[![The report](PartialSeg/Resources/Screenshots/report.png)](assets/report.html)
"""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Name the pages of the reference in the navigation."""
    for entry in config.nav:
        if "Reference" in entry:
            entry["Reference"] = ["reference/index.md", *(f"reference/{room}.md" for room in ROOMS)]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what does not lie in Docs."""
    places = dict(PLACES)
    for folder in PICTURES:
        places |= {
            f"{folder}/{each.name}": f"assets/{each.name}" for each in (ROOT / folder).glob("*.png")
        }
    config["extra"]["places"] = places
    for path, place in places.items():
        files.append(File.generated(config, place, abs_src_path=str(ROOT / path)))
    report = ROOT / config["extra"]["report"]
    files.append(File.generated(config, "demo.md", content=REPORT))
    files.append(File.generated(config, "assets/report.html", abs_src_path=str(report)))
    rows = []
    for room in ROOMS:
        module = ROOT / "PartialSegTrainer" / ENGINE / room / "__init__.py"
        told = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))
        content = f"# {room}\n\nIn Python `{ENGINE}.{room}`.\n\n::: {ENGINE}.{room}\n"
        files.append(File.generated(config, f"reference/{room}.md", content=content))
        rows.append(f"| [`{room}`]({room}.md) | {told.splitlines()[0]} |")
    content = "\n".join(
        [
            "# Reference",
            "",
            "The public names of the engine, a page for each of its rooms. "
            "[From Python](../Docs/python.md) shows the few that most people need.",
            "",
            "| room | subject |",
            "| --- | --- |",
            *rows,
            "",
        ]
    )
    files.append(File.generated(config, "reference/index.md", content=content))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn the page's links to where their targets are in the site, or else on GitHub."""
    places = config["extra"]["places"]
    here = page.file.src_uri
    # Where the page lies in the repository, or would.
    source = {place: path for path, place in places.items()}.get(here)
    if source is None:
        source = here if page.file.generated_by else f"Docs/{here}"

    def turned(match: re.Match) -> str:
        target = normpath(f"{Path(source).parent.as_posix()}/{match[2]}")
        place = places.get(target, target.removeprefix("Docs/"))
        if place in files.src_uris:
            new = relpath(place, Path(here).parent.as_posix())
        elif (ROOT / target).exists():
            new = config["extra"]["repository"] + target
        else:
            new = match[2]
        return f"{match[1]}{new}{match[3] or ''}"

    # Every other part is code, in which nothing is a link.
    parts = CODE.split(markdown)
    return "".join(part if i % 2 else LINK.sub(turned, part) for i, part in enumerate(parts))
