"""Evaluation: scores against a truth, tables of them, pictures and a report to pass on."""

from .calibration import Calibration, calibration
from .charts import dice_chart, training_chart
from .folders import score_files, score_folders
from .growth_chart import growth_chart, write_growth_chart
from .hierarchy import HierarchyViolations
from .label_statistics import CohortStatistics, LabelStatistics, label_statistics
from .norms import Norms, norms_names
from .picture import Picture
from .pictures import partial_picture, segmentation_picture
from .preview import write_preview
from .report import ReportCase, ReportContent, ReportPicture, write_report
from .saving import scores_content, write_scores
from .scores import RULES, LabelScore, score
from .tables import (
    DISTANCES,
    METRICS,
    SHARES,
    SIGNED,
    score_table,
    summary_table,
    terminal_table,
    with_spread,
)
from .words import plain_summary

__all__ = [
    "DISTANCES",
    "METRICS",
    "RULES",
    "SHARES",
    "SIGNED",
    "Calibration",
    "CohortStatistics",
    "HierarchyViolations",
    "LabelScore",
    "LabelStatistics",
    "Norms",
    "Picture",
    "ReportCase",
    "ReportContent",
    "ReportPicture",
    "calibration",
    "dice_chart",
    "growth_chart",
    "label_statistics",
    "norms_names",
    "partial_picture",
    "plain_summary",
    "score",
    "score_files",
    "score_folders",
    "score_table",
    "scores_content",
    "segmentation_picture",
    "summary_table",
    "terminal_table",
    "training_chart",
    "with_spread",
    "write_growth_chart",
    "write_preview",
    "write_report",
    "write_scores",
]
