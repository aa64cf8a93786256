"""What the grid of criteria and methods says, and what it leaves open."""

from __future__ import annotations

import pandas as pd

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.sentences.words import compose, count_of, enumerate_words, number
from crmstudy.segmentation.grid.standing import Grid

WORDS = {
    "silhouette": "silhouette",
    "stability": "stability",
    "separation": "separation on held-back variables",
    "r_squared": "R² of the next value",
    "lift": "lift of the best 20%",
}
MORE = 0.05  # of the sum of squares, to call one source larger than the other


@passes_absence
def word_classes(classes: pd.DataFrame) -> pd.DataFrame:
    """Arrange the numbers of latent classes compared; one class has no entropy.

    Parameters
    ----------
    classes : DataFrame indexed by n_segments
        From :func:`crmstudy.segmentation.compare_class_numbers`.
    """
    names = {
        "n_segments": "classes",
        "log_likelihood": "log likelihood",
        "n_parameters": "parameters",
        "bic": "BIC",
        "entropy": "relative entropy",
        "smallest_share": "share of the smallest class",
        "chosen": "smallest BIC",
    }
    table = classes.reset_index().rename(columns=names)[list(names.values())]
    table["relative entropy"] = table["relative entropy"].where(table["classes"] > 1)
    table["smallest BIC"] = ["yes" if one else "" for one in table["smallest BIC"]]
    return table


@passes_absence
def read_grid(grid: Grid) -> str:
    """Say what was compared, who leads by each measure, and whether one is best overall."""
    leaders = grid.leaders()
    if leaders.empty:
        return compose(_count_cells(grid), "There is nothing to compare.")
    return compose(
        _count_cells(grid),
        _name_customers(grid),
        *(_name_leader(str(measure), row) for measure, row in leaders.iterrows()),
        _judge_forecast(leaders),
        _compare_sources(grid.sources()),
        _judge_overall(grid),
    )


def _count_cells(grid: Grid) -> str:
    estimated = grid.estimated
    blocks = len({cell.block for cell in estimated})
    methods = len({cell.method for cell in estimated})
    if not estimated:
        return "No method gave segments on any block of criteria."
    return (
        f"{count_of(len(estimated), 'combination')} of {count_of(blocks, 'block')} of criteria and "
        f"{count_of(methods, 'method')} gave segments; each method was asked for "
        f"{grid.n_segments}."
    )


def _name_customers(grid: Grid) -> str:
    known = count_of(grid.n_customers, "customer")
    if len({cell.block for cell in grid.estimated}) < 2:
        return f"They were measured on {known}."
    if grid.same_customers:
        return f"All were measured on the same {known}."
    return (
        f"The blocks know different customers ({grid.n_customers:,} in all), so that a difference "
        "between blocks is one of customers too."
    )


def _name_leader(measure: str, row: pd.Series) -> str:
    who = _name(row["block"], row["method"])
    others = int(row["n_cells"]) - 1
    said = f"By {WORDS[measure]}, {who} leads ({number(float(row['value']))})"
    alike = int(row["n_alike"])
    if alike == 0:
        rest = f"the {others} others" if others > 1 else "the other combination"
        return f"{said}, by more than noise explains from {rest}."
    if alike == others:
        return f"{said}, but noise can explain its distance from every other combination."
    return f"{said}, but noise can explain its distance from {alike} of the {others} others."


def _judge_forecast(leaders: pd.DataFrame) -> str:
    shown = leaders[leaders["beyond_chance"].notna()]
    if shown.empty:
        return "Nothing is known of a later period, so that no forecast could be judged."
    works = [WORDS[str(name)] for name in shown.index[shown["beyond_chance"] == 1]]
    if not works:
        return "No combination forecasts the later period better than chance."
    if len(works) == len(shown):
        return "The leaders by R² and by lift forecast the later period better than chance."
    return f"Better than chance is the forecast by {enumerate_words(works)} only."


def _compare_sources(sources: pd.DataFrame) -> str:
    gap = sources["block"] - sources["method"]
    criteria = [WORDS[str(name)] for name in sources.index[gap > MORE]]
    method = [WORDS[str(name)] for name in sources.index[gap < -MORE]]
    said = []
    if criteria:
        said.append(f"the criteria matter more than the method for {enumerate_words(criteria)}")
    if method:
        said.append(f"the method matters more than the criteria for {enumerate_words(method)}")
    sentence = "; ".join(said)
    return f"{sentence[:1].upper()}{sentence[1:]}." if sentence else ""


def _judge_overall(grid: Grid) -> str:
    agreement, winners = grid.agreement(), grid.winners()
    said = ""
    if not isinstance(agreement, NotAvailable):
        said = f" (Kendall's W = {number(agreement)}; 1 would be the same order by each)"
    if not winners:
        return (
            f"No combination is within the noise of the leader by every measure{said}: "
            "none is best."
        )
    names = [_name(*winner) for winner in winners]
    if len(names) == 1:
        return f"Only {names[0]} is within the noise of the leader by every measure{said}."
    return (
        f"{count_of(len(names), 'combination')} are within the noise of the leader by every "
        f"measure{said}: {enumerate_words(names)}."
    )


def _name(block: object, method: object) -> str:
    return f"{method} on {block} criteria"
