"""What leaves the study: tables, figures, sentences and recorded numbers."""

from crmstudy.report import sentences, verdicts
from crmstudy.report.coverage import draw_missingness, draw_patterns, draw_records, draw_scores
from crmstudy.report.diagrams import draw_entities
from crmstudy.report.distributions import draw_distributions
from crmstudy.report.figures import (
    draw_bars,
    draw_heatmap,
    draw_histograms,
    draw_intervals,
    draw_lines,
    draw_scatter,
)
from crmstudy.report.record import Record, collect_checks, read_recorded_table, read_results

__all__ = [
    "Record",
    "collect_checks",
    "draw_bars",
    "draw_distributions",
    "draw_entities",
    "draw_heatmap",
    "draw_histograms",
    "draw_intervals",
    "draw_lines",
    "draw_missingness",
    "draw_patterns",
    "draw_records",
    "draw_scatter",
    "draw_scores",
    "read_recorded_table",
    "read_results",
    "sentences",
    "verdicts",
]
