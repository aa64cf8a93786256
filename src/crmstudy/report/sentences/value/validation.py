"""Sentences on the hold-out test of chapter 04: which model goes on, and how far to trust it."""

from __future__ import annotations

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.sentences.words import (
    amount,
    compose,
    count_of,
    enumerate_words,
    number,
    percent,
    percent_within,
)
from crmstudy.value.validation.choice import ModelChoice
from crmstudy.value.validation.conditional import AliveCalibration
from crmstudy.value.validation.errors_of_forecasts import read_cell
from crmstudy.value.validation.revenue import MODEL, NAIVE, RevenueTest
from crmstudy.value.validation.rolling import RollingChoice

RMSE = "root mean squared error"
MAE = "mean absolute error"


def read_validation(
    choice: ModelChoice | NotAvailable,
    rolling: RollingChoice | NotAvailable,
    alive: AliveCalibration | NotAvailable,
    money: RevenueTest | NotAvailable,
    *,
    currency: str = "",
) -> str:
    """Say which purchase model goes on and why, and how it did with buyers and with money.

    Parameters
    ----------
    currency : str
        Name of the currency, behind amounts.
    """
    if isinstance(choice, NotAvailable):
        return compose(choice)
    return compose(
        say_choice(choice),
        _say_heuristics(choice),
        _say_absolute(choice),
        _say_total(choice),
        _say_rolling(rolling),
        _say_alive(alive),
        _say_money(money, currency),
    )


@passes_absence
def say_choice(choice: ModelChoice) -> str:
    """Say with which model the chapter goes on, and why."""
    error = number(read_cell(choice.scores, choice.best, RMSE), 3)
    begin = f"The chapter goes on with the {choice.best} model"
    if len(choice.models) == 1:
        return (
            f"{begin}, the only one that could be estimated: its root mean squared error per "
            f"customer in the {number(choice.holdout_weeks, 0)} weeks of the hold-out is {error}."
        )
    if choice.best == choice.smallest and len(choice.tied) == 1:
        others = "the other model" if len(choice.models) == 2 else "every other model"
        return (
            f"{begin}: its root mean squared error per customer in the hold-out, {error}, is "
            f"smaller than that of {others}, beyond the chance of which customers were drawn."
        )
    rest = [name for name in choice.tied if name != choice.best]
    told = f"the hold-out does not tell it apart from {enumerate_words(rest)}"
    if choice.best == choice.smallest:
        return f"{begin}: it has the smallest root mean squared error ({error}), though {told}."
    least = number(read_cell(choice.scores, choice.smallest, RMSE), 3)
    return (
        f"{begin} (root mean squared error {error}): {told}, so that the first in the order of "
        f"preference is taken, though {choice.smallest} has the smallest error ({least})."
    )


@passes_absence
def _say_heuristics(choice: ModelChoice) -> str:
    rival = choice.strongest_heuristic
    error = number(read_cell(choice.scores, rival, RMSE), 3)
    lower = read_cell(choice.differences, rival, "rmse_lower")
    upper = read_cell(choice.differences, rival, "rmse_upper")
    named = f"The strongest rule without a model, “{rival}”, has {error}"
    if lower > 0:
        return f"{named}: models foretell better, beyond chance."
    if upper < 0:
        return f"{named}: it foretells better than any model here, beyond chance."
    return f"{named}, which cannot be told apart from the smallest error of a model."


@passes_absence
def _say_absolute(choice: ModelChoice) -> str:
    """Say what the absolute error favours, where that is another forecast."""
    favoured = str(choice.scores[MAE].idxmin())
    if favoured == choice.best:
        return "The mean absolute error favours the same model."
    return (
        f"The mean absolute error would favour “{favoured}” "
        f"({number(read_cell(choice.scores, favoured, MAE), 3)} against "
        f"{number(read_cell(choice.scores, choice.best, MAE), 3)}), but it rewards the median "
        "of a customer's purchases, not their expectation."
    )


@passes_absence
def _say_total(choice: ModelChoice) -> str:
    expected = read_cell(choice.scores, choice.best, "expected")
    made = read_cell(choice.scores, choice.best, "made")
    bias = read_cell(choice.scores, choice.best, "bias")
    if abs(bias) < 0.0005:
        direction = "almost exactly as many"
    else:
        direction = f"{percent(abs(bias))} {'fewer' if bias < 0 else 'more'}"
    return (
        f"Of the {count_of(choice.n, 'customer')} known it expected {expected:,.0f} purchases "
        f"in the hold-out; they made {made:,.0f}: it expected {direction}."
    )


@passes_absence
def _say_rolling(rolling: RollingChoice) -> str:
    n, best = len(rolling.origins), rolling.times_smallest
    if len(rolling.models) == 1:
        return ""
    lost = ""
    if rolling.refused:
        named = enumerate_words(rolling.refused)
        lost = f" With calibration ending on {named} it could not be estimated or tested."
    if best == n:
        return f"It has the smallest error at each of {n} ends of calibration.{lost}"
    times = {0: "at none", 1: "at one"}.get(best, f"at {best}")
    return (
        f"With {n} ends of calibration it has the smallest error {times}; where it has not, it "
        f"lies at most {percent_within(rolling.largest_lag)} behind the best model.{lost}"
    )


@passes_absence
def _say_alive(alive: AliveCalibration) -> str:
    metrics = alive.to_metrics()
    better = "smaller" if alive.brier < alive.brier_constant else "not smaller"
    return (
        f"The model expected {percent(metrics['share_expected_to_buy'])} of the customers to buy "
        f"in the hold-out, and {percent(metrics['share_that_bought'])} did; the Brier score of "
        f"its probabilities, {number(alive.brier, 3)}, is {better} than that of giving everybody "
        f"the same one, {number(alive.brier_constant, 3)}.{_say_groups(alive)}"
    )


def _say_groups(alive: AliveCalibration) -> str:
    """Say in how many groups the expected share lies outside the interval of the observed."""
    groups = alive.table()
    below = int((groups["expected to buy"] < groups["95% lower"]).sum())
    above = int((groups["expected to buy"] > groups["95% upper"]).sum())
    return (
        f" Of {count_of(len(groups), 'group')} by the probability of being active, the share "
        f"expected to buy lies below the 95% interval of the observed one in {below or 'none'} "
        f"and above it in {above or 'none'}."
    )


@passes_absence
def _say_money(money: RevenueTest, currency: str) -> str:
    share, lower, upper = money.top_share
    naive = read_cell(money.scores, NAIVE, "share caught by the top tenth")
    model_error = read_cell(money.scores, MODEL, MAE)
    naive_error = read_cell(money.scores, NAIVE, MAE)
    if model_error < naive_error:
        verdict = "smaller than"
    else:
        verdict = "as large as" if model_error == naive_error else "larger than"
    bias = read_cell(money.scores, MODEL, "bias")
    side = "below" if bias < 0 else "above"
    unpriced = (
        f" {count_of(money.n_unpriced, 'purchase')} without a known amount "
        f"{'is' if money.n_unpriced == 1 else 'are'} not in it."
        if money.n_unpriced
        else ""
    )
    return (
        f"Expected revenue lies {percent(abs(bias))} {side} the revenue of the hold-out.{unpriced} "
        f"The tenth of the customers with the largest expected revenue brought {percent(share)} "
        f"of it (95% interval {percent(lower)} to {percent(upper)}), the tenth by past spend and "
        f"past rate {percent(naive)}; the mean absolute error per customer, "
        f"{amount(model_error, currency)}, is {verdict} that of past spend and past rate, "
        f"{amount(naive_error, currency)}."
    )
