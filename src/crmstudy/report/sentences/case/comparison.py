"""Sentences on the adjusted comparison: likeness, overlap, effect, hidden confounders."""

from __future__ import annotations

from crmstudy.case.comparison.adjusted import AdjustedComparison
from crmstudy.case.comparison.confounding import Confounding
from crmstudy.case.comparison.estimates import Estimate
from crmstudy.case.comparison.likeness import largest_difference
from crmstudy.case.comparison.propensity import RIDGED, Propensity
from crmstudy.checks import failed
from crmstudy.errors import NotAvailable
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    enumerate_words,
    number,
    p_value,
    percent,
    percent_within,
)

#: A c-statistic beyond this tells the groups apart almost wholly.
APART, TOLD = 0.9, 0.6


def read_overlap(propensity: Propensity | NotAvailable) -> str:
    """Say how well the groups can be told apart, and who has no counterpart."""
    if isinstance(propensity, NotAvailable):
        return compose(propensity)
    share = propensity.c_statistic
    said = (
        f"Of one addressed customer and one who was not, what was known before tells which is "
        f"which in {percent(share, 0)} of the cases (drawing lots would give 50%)."
    )
    if share >= APART:
        said += " The groups are nearly told apart: few customers of one look like the other."
    elif share >= TOLD:
        said += (
            " The groups differ, but they overlap. Where customers are few for the terms of the "
            "model, lots alone can seem to differ as much."
        )
    else:
        said += " By what was known before, the groups are hardly to be told apart."
    outside = propensity.left_out.iloc[0]
    ones, others = int(outside["treated"]), int(outside["control"])
    reach = (
        f"Outside the common support lie {ones:,} addressed and {others:,} compared customers."
        if ones + others
        else "Every customer lies in the common support."
    )
    ridge = (
        "Some customers are told apart without error, so that maximum likelihood has no end; a "
        "ridge took its place."
        if propensity.method == RIDGED
        else ""
    )
    return compose(said, reach, ridge)


def read_likeness(adjusted: AdjustedComparison | NotAvailable) -> str:
    """Say how unlike the groups were before, and what each method made of it."""
    if isinstance(adjusted, NotAvailable):
        return compose(adjusted)
    summary = adjusted.summarise_balance().set_index("method")
    beyond = summary[f"beyond {adjusted.limit:g}"]
    n_terms = int(summary["terms"].iloc[0])
    before = int(beyond["unadjusted"])
    said = (
        f"Before adjustment {before} of {count_of(n_terms, 'term')} "
        f"{'differs' if before == 1 else 'differ'} by more than "
        f"{number(adjusted.limit, 1)} standard deviations, the largest by "
        f"{number(largest_difference(adjusted.balance, 'unadjusted'))}."
    )
    after = [
        f"{name} leaves {int(beyond[name])} beyond the limit"
        for name in beyond.index
        if name != "unadjusted"
    ]
    refused = [f"{name} cannot be had: {why}" for name, why in adjusted.refused.items()]
    return compose(
        said,
        f"{_capital('; '.join(after))}." if after else "",
        f"{_capital('; '.join(refused))}." if refused else "",
    )


def read_adjusted(adjusted: AdjustedComparison | NotAvailable, *, unit: str = "") -> str:
    """Say the adjusted effect, whether it may be claimed, and whether methods agree."""
    if isinstance(adjusted, NotAvailable):
        return compose(adjusted)
    return compose(
        _say_effect(adjusted, unit),
        _say_claim(adjusted),
        _say_rivals(adjusted),
        _say_rehearsal(adjusted.rehearsal),
        _say_left_out(adjusted),
    )


def _say_effect(adjusted: AdjustedComparison, unit: str) -> str:
    found = adjusted.carried
    level = percent(adjusted.confidence, 0 if round(100 * adjusted.confidence, 6) % 1 == 0 else 1)
    unit = f" {unit}" if unit else ""
    words = adjusted.outcome.replace("n_", "").replace("_", " ")
    return (
        f"By {found.method} the addressed customers' {words} per window changed by "
        f"{number(found.effect)}{unit} against {_name_others(adjusted)} ({level} interval "
        f"{number(found.lower)} to {number(found.upper)}; {found.n_treated:,} addressed, "
        f"{found.n_control:,} compared)."
    )


def _name_others(adjusted: AdjustedComparison) -> str:
    """Call the others alike only where the checks of balance hold."""
    unlike = any(check.name.startswith("groups ") for check in failed(adjusted.checks))
    return "the others, made as like them as can be" if unlike else "customers like them"


def _say_claim(adjusted: AdjustedComparison) -> str:
    open_points = failed(adjusted.checks)
    within = adjusted.carried.lower <= 0 <= adjusted.carried.upper
    if open_points:
        names = enumerate_words([check.name for check in open_points])
        count = "One check does" if len(open_points) == 1 else f"{len(open_points)} checks do"
        return f"{count} not hold, so that no effect is claimed: {names}."
    if within:
        return "All checks hold; the interval holds zero, so that the direction stays undecided."
    side = "a rise" if adjusted.effect > 0 else "a fall"
    return f"All checks hold, and the interval lies on one side of zero: {side} may be claimed."


def _say_rivals(adjusted: AdjustedComparison) -> str:
    rivals = [found for found in adjusted.estimates if found.method != "unadjusted"]
    if len(rivals) < 2:
        return ""
    low, high = min(e.effect for e in rivals), max(e.effect for e in rivals)
    span = f"from {number(low)} to {number(high)}"
    if low > 0 or high < 0:
        return f"All {len(rivals)} adjusted estimates have one sign ({span})."
    return f"The {len(rivals)} adjusted estimates do not have one sign ({span})."


def _say_rehearsal(rehearsal: Estimate | NotAvailable) -> str:
    if isinstance(rehearsal, NotAvailable):
        return ""
    said = (
        f"One window before the campaign the same steps find {number(rehearsal.effect)} "
        f"({p_value(rehearsal.p_value)})"
    )
    if rehearsal.p_value < 0.05:
        return f"{said}, where there was nothing to find."
    return f"{said}, not told from nothing; a weak test, too, finds nothing."


def _say_left_out(adjusted: AdjustedComparison) -> str:
    rows = adjusted.left_out
    parts = [
        f"{row['treated']:,} addressed and {row['control']:,} compared ({row['reason']})"
        for _, row in rows.iterrows()
        if row["treated"] + row["control"]
    ]
    return f"Left out are {'; '.join(parts)}." if parts else "Nobody is left out."


def read_confounding(confounding: Confounding | NotAvailable) -> str:
    """Say how strong an unobserved confounder must be, and what as strong as one observed does."""
    if isinstance(confounding, NotAvailable):
        return compose(confounding)
    least = percent_within(confounding.robustness)
    said = (
        f"A confounder nobody observed that explains {least} of what is left to explain in both "
        f"being addressed and the change would bring the regression's effect of "
        f"{number(confounding.effect)} to zero"
    )
    if confounding.robustness_alpha > 0:
        more = f"; {percent_within(confounding.robustness_alpha)} would make it insignificant."
    else:
        more = "; it is not significant at 5% without one."
    strongest = confounding.strongest
    left = float(strongest["effect"])
    gone = left * confounding.effect <= 0
    bench = (
        f"One as strong as {strongest['covariate']} would "
        + ("take all of it away" if gone else f"leave {number(left)}")
        + ", at its worst."
    )
    return compose(said + more, bench, _say_gamma(confounding))


def _say_gamma(confounding: Confounding) -> str:
    gamma = confounding.gamma
    if isinstance(gamma, NotAvailable):
        return ""
    pairs = count_of(confounding.n_pairs, "matched pair")
    if gamma <= 1:
        return f"The signed ranks of {pairs} are not significant even without hidden bias."
    return (
        f"The signed ranks of {pairs} stay significant while hidden bias changes the odds of "
        f"being addressed by less than a factor of {number(gamma)}."
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
