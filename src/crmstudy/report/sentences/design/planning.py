"""Sentences on sample sizes: designs, experiments, panels, hypotheses, lifetime values."""

from __future__ import annotations

from crmstudy.checks import failed
from crmstudy.design.framework.diagram import join_ids
from crmstudy.design.planning.designs import Designs
from crmstudy.design.planning.experiment import ExperimentPlan
from crmstudy.design.planning.needs import Needs, name_entries
from crmstudy.design.planning.panel import PanelPlan
from crmstudy.design.planning.widths import plan_expert_panel
from crmstudy.errors import NotAvailable
from crmstudy.report.sentences.words import compose, count_of, number, percent
from crmstudy.value.lifetime.planning import PrecisionPlan


def read_designs(designs: Designs | NotAvailable) -> str:
    """Say which design takes the fewest and which the most cases."""
    if isinstance(designs, NotAvailable):
        return compose(designs)
    found = {one.name: one.cases(designs.power) for one in designs.designs}
    known = {name: n for name, n in found.items() if not isinstance(n, NotAvailable)}
    if not known:
        return "No design reaches the power wanted."
    least, most = min(known, key=known.__getitem__), max(known, key=known.__getitem__)
    said = (
        f"For a power of {percent(designs.power, 0)} the effects supposed ask for "
        f"{known[least]:,} cases ({least}) up to {known[most]:,} ({most})."
    )
    return (
        f"{said} The numbers hold for those effects only: half the effect takes about four "
        "times the cases."
    )


def read_experiment_plan(plan: ExperimentPlan | NotAvailable) -> str:
    """Say what a test of two shares needs, what the covariate saves and clusters cost."""
    if isinstance(plan, NotAvailable):
        return compose(plan)
    rows = {row["key"]: row for row in plan.rows.to_dict("records")}
    plain, covaried = (int(rows[key]["customers a group"]) for key in ("plain", "covariate"))
    saved = 1 - covaried / plain
    said = (
        f"To tell a share of {percent(plan.share)} from {percent(plan.base)} takes "
        f"{count_of(plain, 'customer')} in each of two groups."
    )
    if saved > 0:
        helped = f"Adjusting for the time before saves {percent(saved)} of them."
    else:
        helped = "A time before that says nothing of the time after saves none of them."
    factor = float(rows["clusters"]["factor"])
    return compose(said, helped, f"Drawing clusters instead takes {number(factor)} times as many.")


def read_panel_plan(plan: PanelPlan | NotAvailable) -> str:
    """Say which comparison before and after needs the fewest customers."""
    if isinstance(plan, NotAvailable):
        return compose(plan)
    sizes = {way: plan.customers(way) for way in ("after", "differences", "covariance")}
    before, after = count_of(plan.n_before, "window"), count_of(plan.n_after, "window")
    said = (
        f"With {before} before and {after} after that correlate by {number(plan.correlation)}, "
        f"differences in differences take {sizes['differences']:,} customers a group and the "
        f"windows after alone {sizes['after']:,}."
    )
    if sizes["differences"] > sizes["after"]:
        return f"{said} Windows as little alike as these make the difference the noisier measure."
    if sizes["differences"] == sizes["after"]:
        return f"{said} The time before saves nothing here."
    return (
        f"{said} The saving rests on the correlation, and falls where it fades with the time "
        "between."
    )


def read_expert_panel() -> str:
    """Say why no number of experts is planned."""
    return compose(plan_expert_panel())


def read_needs(needs: Needs | NotAvailable) -> str:
    """Say for which hypotheses the study has enough cases, and for which not."""
    if isinstance(needs, NotAvailable):
        return compose(needs)
    enough = join_ids(tuple(name_entries([n for n in needs.needs if n.enough is True])))
    few = join_ids(tuple(name_entries([n for n in needs.needs if n.enough is False])))
    unknown = [n for n in needs.needs if isinstance(n.enough, NotAvailable)]
    power = percent(needs.power, 0)
    parts = []
    if enough:
        parts.append(
            f"The study has the cases for a power of {power} at the effects supposed of {enough}."
        )
    if few:
        parts.append(
            f"It has too few for {few}: an undecided verdict there may mean a small study as well "
            "as a small effect."
            if enough
            else f"The study has too few cases for {few}: an undecided verdict there may mean a "
            "small study as well as a small effect."
        )
    if unknown:
        parts.append(f"Of {join_ids(tuple(name_entries(unknown)))} it cannot be told beforehand.")
    return compose(*parts)


def read_value_precision(plan: PrecisionPlan | NotAvailable) -> str:
    """Say how many customers the precision wanted takes, by the time watched."""
    if isinstance(plan, NotAvailable):
        return compose(plan)
    rows = plan.needed.to_dict("records")
    parts = [
        f"{row['customers needed']:,} customers watched for {row['weeks observed']:.0f} weeks "
        f"({row['lower']:,} to {row['upper']:,})"
        for row in rows
    ]
    said = (
        f"To know the mean value of a customer within {percent(plan.precision)} takes "
        f"{' or '.join(parts)}, with 95% Monte Carlo intervals, if the firm is like the one "
        "supposed."
    )
    broken = [
        f"It does not hold that {check.name}: {check.consequence}." for check in failed(plan.checks)
    ]
    return compose(said, *broken)
