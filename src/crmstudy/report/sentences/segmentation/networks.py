"""Sentences on the segment map, the neural networks and the decision tree."""

from __future__ import annotations

import pandas as pd

from crmstudy.checks import Check, failed
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.sentences.segmentation.variables import say_level, say_variable
from crmstudy.report.sentences.words import compose, count_of, number, percent, plain
from crmstudy.report.trees import write_threshold
from crmstudy.segmentation.explain.layout import Layout
from crmstudy.segmentation.networks.next_value import LINE, NETWORK, ForecastComparison
from crmstudy.segmentation.networks.reconstruction import ReconstructionResult
from crmstudy.segmentation.networks.som_map import SomResult
from crmstudy.segmentation.trees.value_tree import TreeResult


def read_networks(
    som: SomResult | NotAvailable,
    reconstruction: ReconstructionResult | NotAvailable,
    forecasts: ForecastComparison | NotAvailable,
) -> str:
    """Say what the networks show, and whether they beat the simpler models beside them."""
    return compose(_say_som(som), _say_reconstruction(reconstruction), _say_forecasts(forecasts))


@passes_absence
def read_map(layout: Layout) -> str:
    """Say how much of the differences between customers a map of two axes can show."""
    first, second = layout.explained[:2]
    strongest = [
        say_level(layout.loadings[axis].abs().sort_values(ascending=False, kind="stable").index[0])
        for axis in ("first", "second")
    ]
    both = (
        f"both go with {strongest[0]} most"
        if strongest[0] == strongest[1]
        else f"the first goes with {strongest[0]} most, the second with {strongest[1]}"
    )
    return (
        f"The map shows {percent(layout.shown)} of the differences between "
        f"{count_of(len(layout.coordinates), 'customer')}: {percent(float(first))} on the first "
        f"axis, {percent(float(second))} on the second; {both}. What is not on the map can still "
        "hold segments apart that overlap here."
    )


@passes_absence
def _say_som(som: SomResult) -> str:
    units = count_of(len(som.units), "unit")
    beside = "more" if som.explained > som.explained_plane else "no more"
    return (
        f"The self-organising map lays {count_of(som.n_customers, 'customer')} out on {units}, "
        f"which explain {percent(som.explained)} of the variance, {beside} than the plane of two "
        f"principal components ({percent(som.explained_plane)}); for "
        f"{percent(som.topographic_error)} of the customers the two nearest units lie apart. The "
        f"quantisation error is {number(som.quantisation_error)}."
        f"{_say_failed(som.checks)}"
    )


@passes_absence
def _say_reconstruction(reconstruction: ReconstructionResult) -> str:
    said = [
        f"with {count_of(int(str(n_codes)), 'code')} {_compare_errors(row)}"
        for n_codes, row in reconstruction.errors.iterrows()
    ]
    return (
        "Customers that the autoencoder did not see are given back as follows: "
        f"{'; '.join(said)}.{_say_failed(reconstruction.checks)}"
    )


def _compare_errors(row: pd.Series) -> str:
    lower, upper = (number(row[name], 3) for name in ("lower", "upper"))
    numbers = (
        f"(error {number(row['network'], 3)} against {number(row['components'], 3)}, difference "
        f"[{lower}, {upper}])"
    )
    if row["upper"] < 0:
        return f"better than by as many principal components {numbers}"
    if row["lower"] > 0:
        return f"worse than by as many principal components {numbers}"
    return f"no better and no worse than by as many principal components {numbers}"


@passes_absence
def _say_forecasts(forecasts: ForecastComparison) -> str:
    r2 = forecasts.models["r2"]
    said = "; ".join(_compare_models(str(name), row) for name, row in forecasts.against.iterrows())
    return (
        f"Next period's {plain(forecasts.value)} of {count_of(forecasts.n_customers, 'customer')} "
        f"({forecasts.n_silent:,} of them without any) is foreseen by the network "
        f"with R² {number(float(r2[NETWORK]))}, by linear regression with "
        f"{number(float(r2[LINE]))}. Compared customer by customer the network is {said}. "
        f"{_advise(forecasts)}{_say_failed(forecasts.checks)}"
    )


def _compare_models(baseline: str, row: pd.Series) -> str:
    other = baseline if baseline == LINE else f"the {baseline}"
    ends = f"(difference in R² from {number(row['lower'], 3)} to {number(row['upper'], 3)})"
    if row["lower"] > 0:
        return f"better than {other} {ends}"
    if row["upper"] < 0:
        return f"worse than {other} {ends}"
    return f"neither better nor worse than {other} {ends}"


def _advise(forecasts: ForecastComparison) -> str:
    line = forecasts.against.loc[LINE]
    if line["lower"] > 0:
        return "It finds curves or interactions that a straight line misses."
    return "It does not beat the straight line, which is easier to explain and to keep."


def _say_failed(checks: tuple[Check, ...]) -> str:
    said = "; ".join(f"{check.name} fails, so {check.consequence}" for check in failed(checks))
    return f" But {said}." if said else ""


@passes_absence
def read_tree(tree: TreeResult) -> str:
    """Say which segments the tree finds and whether they foretell the value."""
    value = plain(tree.value)
    if tree.n_segments == 1:
        return (
            f"No split of {count_of(tree.n_customers, 'customer')} foretells next period's {value} "
            "of customers held out better than the mean of all: the tree keeps one segment."
        )
    first, last = tree.leaves.iloc[0], tree.leaves.iloc[-1]
    by = list(dict.fromkeys(say_variable(name) for name in tree.bounds["variable"]))
    rules = word_leaves(tree).set_index("segment")["rule"]
    errors = tree.choice["error"]
    best = (
        ""
        if errors.min() >= tree.error
        else f", the best size tried ({count_of(int(str(errors.idxmin())), 'segment')}) "
        f"{percent(float(errors.min()))}"
    )
    return (
        f"The tree cuts {count_of(tree.n_customers, 'customer')} into "
        f"{count_of(tree.n_segments, 'segment')} by {count_of(len(by), 'variable')} and leaves "
        f"{percent(tree.error)} of the variance of the logged {value} unexplained in customers "
        f"held out{best}. Segment 1 ({rules.iloc[0]}) holds {percent(first['share_customers'])} of "
        f"the customers and {percent(first['share_value'])} of next period's {value}; segment "
        f"{tree.n_segments} ({rules.iloc[-1]}) holds {percent(last['share_customers'])} and "
        f"{percent(last['share_value'])}.{_say_failed(tree.checks)}"
    )


@passes_absence
def word_leaves(tree: TreeResult) -> pd.DataFrame:
    """Arrange the leaves of a tree, each with its rule in words.

    Returns
    -------
    DataFrame
        ``segment``, ``rule``, ``customers``, ``share of customers``, the mean of the value
        with its 95% interval, and the share of the value.
    """
    value = plain(tree.value)
    table = tree.leaves.rename(
        columns={
            "n_customers": "customers",
            "share_customers": "share of customers",
            "mean": f"mean {value}, next period",
            "lower": "95% lower",
            "upper": "95% upper",
            "share_value": f"share of {value}, next period",
        }
    ).drop(columns="value")
    table.insert(0, "rule", [_word_rule(tree, int(str(name))) for name in table.index])
    return table.rename_axis("segment").reset_index()


def _word_rule(tree: TreeResult, segment: int) -> str:
    bounds = tree.bounds[tree.bounds["segment"] == segment]
    said = [_word_bound(row, tree.units) for row in bounds.to_dict("records")]
    return " and ".join(said) or "all customers"


def _word_bound(row: dict, units: dict[str, bool]) -> str:
    name = say_variable(row["variable"])
    if row["level"]:
        return f"{name} is {'' if row['upper'] > 1 else 'not '}{row['level']}"
    unit = "" if units[row["variable"]] else " (transformed)"
    above = f"> {write_threshold(row['lower'])}" if row["lower"] > float("-inf") else ""
    below = f"≤ {write_threshold(row['upper'])}" if row["upper"] < float("inf") else ""
    return f"{name}{unit} {' and '.join(filter(None, [above, below]))}"
