"""What leaves the study: tables, figures, sentences and recorded numbers."""

from crmstudy.report import sentences, verdicts
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
    "draw_heatmap",
    "draw_histograms",
    "draw_intervals",
    "draw_lines",
    "draw_scatter",
    "read_recorded_table",
    "read_results",
    "sentences",
    "verdicts",
]
