"""What a trained model says about itself to people: MODEL_CARD.md and preview.png."""

from __future__ import annotations

import io

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure

from ...labels import LabelScheme
from ...models import ModelInfo
from ...plain_text import markdown

_PREVIEW = (
    "one slice of a scan that validated it; delete it before you pass the model on, if that scan "
    "may not be shown"
)


def model_card(info: ModelInfo, scheme: LabelScheme, **facts: object) -> str:
    """The card as Markdown: use, data, scores, limits.

    `facts` may give `data` and `limits`, paragraphs of Markdown about this model in particular, and
    what `preview` shows. All else, names and titles above all, is shown as nothing but text.
    """
    templates = Environment(
        loader=PackageLoader("partialseg_trainer.training.run"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters["text"] = markdown
    facts = {"data": markdown(info.training_data), "limits": "", "preview": _PREVIEW, **facts}
    return templates.get_template("MODEL_CARD.md").render(info=info, scheme=scheme, **facts)


def preview(image: np.ndarray, labelmap: np.ndarray, scheme: LabelScheme) -> bytes:
    """A PNG of one slice, (H, W) with x to the right along H, beside its prediction in colours."""
    colours = np.zeros((scheme.labels[-1].value + 1, 4))
    for label in scheme:
        colours[label.value] = (*np.array(label.colour) / 255, 0.7)
    figure = Figure(figsize=(6, 3), facecolor="black", layout="constrained")
    for axes, overlay in zip(figure.subplots(1, 2), (False, True), strict=True):
        axes.imshow(image.T, cmap="gray", origin="lower", vmin=0, vmax=1)
        if overlay:
            axes.imshow(
                colours[labelmap].transpose(1, 0, 2), origin="lower", interpolation="nearest"
            )
        axes.set_axis_off()
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=100)
    return stream.getvalue()
