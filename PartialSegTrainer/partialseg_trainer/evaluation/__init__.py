"""Evaluation: scores against a truth, tables of them, pictures and a report to pass on."""

from .folders import score_files, score_folders
from .saving import scores_content, write_scores
from .scores import RULES, LabelScore, score
from .tables import METRICS, score_table, summary_table, terminal_table

__all__ = [
    "METRICS",
    "RULES",
    "LabelScore",
    "score",
    "score_files",
    "score_folders",
    "score_table",
    "scores_content",
    "summary_table",
    "terminal_table",
    "write_scores",
]
