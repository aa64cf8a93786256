"""Sentences on which unit leads, whether methods agree, and how firm that is."""

from __future__ import annotations

from typing import Any

from crmstudy.checks import failed
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.evaluation.ranking.rank import FAR_APART, UNWEIGHTED, Ranking
from crmstudy.evaluation.ranking.reversal import Reversals
from crmstudy.evaluation.ranking.uncertainty import RankUncertainty
from crmstudy.evaluation.weighting.decisions import CONSTANT
from crmstudy.indicators import name_indicator
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    enumerate_words,
    number,
    percent_within,
)

#: Names that a sentence lists before it counts the rest.
MOST_NAMED = 5
#: A first place held in so many draws is settled.
SETTLED = 0.95
#: Shares of first places that sum to more than 1 by this are no rounding: places are shared.
SHARED = 1e-9


def read_ranking(ranking: Ranking | NotAvailable, *, unit: str = "unit") -> str:
    """Say which unit leads by which method, whether methods agree, and what VIKOR proposes."""
    if isinstance(ranking, NotAvailable):
        return compose(ranking)
    return compose(
        _say_compared(ranking, unit),
        _say_leaders(ranking),
        _say_consensus(ranking),
        _say_agreement(ranking),
        _say_compromise(ranking),
        _say_dropped(ranking),
    )


def _say_compared(ranking: Ranking, unit: str) -> str:
    criteria = count_of(len(ranking.weights), "indicator")
    kind = "" if unit == "unit" else f" ({unit})"
    said = f"{count_of(len(ranking.units), 'unit')}{kind} are compared by {criteria}."
    if len(ranking.weights) == 1:
        return f"{said} With one indicator the order is that of its values, by every method."
    if len(ranking.units) == 2:
        return f"{said} Of two a ranking says only which is ahead."
    return said


def _say_leaders(ranking: Ranking) -> str:
    leaders = {name: tuple(units) for name, units in ranking.leaders.items()}
    first = set(leaders.values())
    if len(first) == 1:
        (units,) = first
        how = "All methods put" if len(leaders) > 1 else f"{next(iter(leaders))} puts"
        if len(units) == len(ranking.units):
            return f"{how} all of them level."
        return f"{how} {_list(units)} first{_level(units)}."
    parts = [
        f"{_list(units)} {'leads' if len(units) == 1 else 'lead together'} by "
        f"{enumerate_words([name for name in leaders if leaders[name] == units])}"
        for units in dict.fromkeys(leaders.values())
    ]
    return f"Which comes first depends on the method: {'; '.join(parts)}."


def _say_consensus(ranking: Ranking) -> str:
    if len({tuple(units) for units in ranking.leaders.values()}) == 1:
        return ""
    first = list(map(str, ranking.consensus.index[ranking.consensus == 1]))
    return f"By mean rank {_list(first)} {'comes' if len(first) == 1 else 'come'} first."


def _say_agreement(ranking: Ranking) -> str:
    found = ranking.agreement.concordance
    if isinstance(found, NotAvailable) or ranking.scores.shape[1] < 2:
        return ""
    if found > 1 - 1e-9:
        return (
            "All methods give the same order; they share values and weights, so that this "
            "confirms the arithmetic, not the data."
        )
    said = (
        f"Kendall's W of the methods is {number(found)} (1 would be the same order by each, 0 "
        "none in common); they share values and weights, so that agreement confirms the "
        "arithmetic, not the data."
    )
    disputed = ranking.disputed
    if not disputed:
        return f"{said} No two methods put a unit {FAR_APART} places apart or more."
    units = "every unit" if len(disputed) == len(ranking.units) else _list(disputed)
    return f"{said} Methods differ by {FAR_APART} places or more on {units}."


def _say_compromise(ranking: Ranking) -> str:
    found = ranking.compromise
    if found is None or len(ranking.units) < 3:
        return ""
    if len(found.units) == 1:
        return f"VIKOR lets {found.units[0]} stand alone: it is ahead by enough, and stable."
    if not found.acceptable_advantage:
        return (
            f"VIKOR proposes {_list(found.units)} together: the first is ahead by "
            f"{number(found.advantage)}, less than the {number(found.advantage_needed)} that "
            f"{count_of(len(ranking.units), 'unit')} ask for."
        )
    (lacking,) = failed(found.checks)
    return f"VIKOR proposes {_list(found.units)} together: that {lacking.name} does not hold."


def _say_dropped(ranking: Ranking) -> str:
    parts = []
    for reason in (CONSTANT, UNWEIGHTED):
        names = [name_indicator(n) for n, why in ranking.dropped.items() if why == reason]
        if names:
            verb = "is" if len(names) == 1 else "are"
            has = "has" if len(names) == 1 else "have"
            why = f"{verb} the same in all units" if reason == CONSTANT else f"{has} no weight"
            verb = "decides" if len(names) == 1 else "decide"
            parts.append(f"{enumerate_words(names)} {why} and {verb} nothing.")
    return " ".join(part[0].upper() + part[1:] for part in parts)


def read_rank_uncertainty(*draws: RankUncertainty | NotAvailable) -> str:
    """Say of each kind of draw how often the first unit stays first, and what follows."""
    return compose(*(_read_draws(one) for one in draws))


@passes_absence
def _read_draws(found: RankUncertainty) -> str:
    leaders = list(found.ranks.index[found.ranks == 1])
    first = found.first[leaders]
    shares = [f"{unit} in {percent_within(float(first[unit]), 0)}" for unit in leaders]
    said = (
        f"Over {count_of(found.n_draws, 'draw')} of {found.of}, first by mean rank "
        f"{'is' if len(leaders) == 1 else 'are'} {enumerate_words(shares[:MOST_NAMED])} of them"
    )
    rival = found.first.drop(leaders)
    if len(leaders) > 1:
        return (
            f"{said}, a shared first place counting for each: the ranking itself leaves it open "
            "which is first."
        )
    if float(first.iloc[0]) >= SETTLED:
        return f"{said}: the first place is settled as far as these go."
    if rival.empty or rival.max() <= 0:
        return f"{said}."
    name, share = rival.idxmax(), percent_within(float(rival.max()), 0)
    shared = ", a shared one counting for each" if found.first.sum() > 1 + SHARED else ""
    return f"{said}, {name} in {share}{shared}: the first place is not settled."


@passes_absence
def read_reversals(found: Reversals) -> str:
    """Say whether taking a unit away changes the order of the others, and by which method."""
    if found.pairs.empty:
        return (
            f"Taking each of {count_of(found.n_removals, 'unit')} away in turn never reverses "
            "two others."
        )
    table = found.table()
    parts = [
        f"{count_of(int(row['pairs reversed']), 'pair')} by {row['method']}"
        for row in table.to_dict("records")
        if row["pairs reversed"]
    ]
    changes = len(found.leaders)
    leads = (
        f"; the first unit changes {'once' if changes == 1 else f'{changes} times'}"
        if changes
        else "; the first unit never changes"
    )
    return (
        f"Taking each of {count_of(found.n_removals, 'unit')} away in turn reverses "
        f"{enumerate_words(parts)}{leads}. Ranks say how units stand among these, and not by "
        "themselves."
    )


def _list(units: Any) -> str:
    names = list(map(str, units))
    if len(names) <= MOST_NAMED:
        return enumerate_words(names)
    return f"{', '.join(names[:MOST_NAMED])} and {len(names) - MOST_NAMED} more"


def _level(units: tuple[str, ...]) -> str:
    return ", level" if len(units) > 1 else ""
