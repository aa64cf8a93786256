"""Which groups of respondents are compared, and who belongs to none.

References
----------
Anderson, J. C., & Gerbing, D. W. (1984). The effect of sampling error on convergence,
improper solutions, and goodness-of-fit indices for maximum likelihood confirmatory factor
analysis. Psychometrika, 49(2), 155-173.
MacCallum, R. C., Zhang, S., Preacher, K. J., & Rucker, D. D. (2002). On the practice of
dichotomization of quantitative variables. Psychological Methods, 7(1), 19-40.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError, NotAvailable, SettingsError, nearest
from crmstudy.loyalty.invariance.joint import measure_only
from crmstudy.loyalty.model.moments import lay_out
from crmstudy.loyalty.model.specify import StructuralModel
from crmstudy.loyalty.questionnaire.reading import read_numbers

MOST_GROUPS = 6
#: Anderson & Gerbing (1984): with 50 cases models that hold still end in improper solutions.
FEWEST = 50
_PERSON, _RESPONDENT = "customer_id", "respondent_id"
_SELECTED = (
    "the groups are made of an answer: where it is a consequence of the constructs, splitting "
    "it selects respondents by what the model explains, and paths differ for that reason alone"
)
_HALVED = "cutting numbers at their median throws away how far apart respondents are"


class _Sorted(NamedTuple):
    """Each respondent's group, the groups in their order, and where numbers were cut."""

    labels: pd.Series
    order: tuple[str, ...]
    cut: str


@dataclass(frozen=True)
class Groups:
    """Respondents sorted into groups by one column.

    Attributes
    ----------
    column, origin : str
        The column, and the table it stands in: ``survey`` or ``customers``.
    membership : Series
        Name of each respondent's group, indexed as the survey; missing where unknown or
        where the group was left out.
    n_complete : dict of str to int
        Respondents with every item of the model answered, in each group compared.
    n_unknown : int
        Complete respondents whose group is not known.
    left_out : dict of str to int
        Complete respondents of groups that are too small to be compared.
    fewest : int
        Complete respondents that a group needs.
    cut : str
        The median at which numbers or dates were cut, which belongs to the lower group; empty
        where the column holds categories.
    others : tuple of str
        Columns that could have been taken instead.
    warning : str
        What speaks against these groups; empty when nothing does.
    """

    column: str
    origin: str
    membership: pd.Series = field(repr=False, compare=False)
    n_complete: dict[str, int]
    n_unknown: int
    left_out: dict[str, int]
    fewest: int
    cut: str
    others: tuple[str, ...]
    warning: str

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the groups compared."""
        return tuple(self.n_complete)

    @property
    def reference(self) -> str:
        """The group that the others are compared with: the largest, the first of equals."""
        return max(self.n_complete, key=lambda label: self.n_complete[label])

    def table(self) -> pd.DataFrame:
        """One row a group: ``group``, ``complete respondents``, ``use``."""
        rows = [(label, n, "compared") for label, n in self.n_complete.items()]
        small = f"left out: fewer than {self.fewest}"
        rows += [(label, n, small) for label, n in self.left_out.items()]
        if self.n_unknown:
            rows.append(("not known", self.n_unknown, f"left out: no {self.column}"))
        return pd.DataFrame(rows, columns=["group", "complete respondents", "use"])

    def to_metrics(self) -> dict[str, int]:
        """Counts: groups, respondents compared, unknown, and in groups too small."""
        return {
            "n_groups": len(self.n_complete),
            "n_compared": sum(self.n_complete.values()),
            "n_unknown": self.n_unknown,
            "n_in_small_groups": sum(self.left_out.values()),
        }


def find_groups(
    survey: pd.DataFrame | NotAvailable,
    *,
    model: StructuralModel | NotAvailable,
    items: Collection[str],
    customers: pd.DataFrame | NotAvailable,
    wanted: str,
) -> Groups | NotAvailable:
    """Sort respondents into groups by an attribute.

    Parameters
    ----------
    survey : DataFrame
        Answers, and attributes if the survey asked for some.
    model : StructuralModel
        Its items must be answered for a respondent to count.
    items : collection of str
        All items of the questionnaire: none of them is an attribute.
    customers : DataFrame
        Attributes of customers by ``customer_id``; one that is not available adds nothing.
    wanted : str
        A column of the survey or of the customers. Empty takes the first that gives 2 to 6
        groups of enough complete respondents: categories before numbers, the survey's
        before the customers'. Numbers are cut at their median when more than 6 differ, or
        when one of them is too rare to be a group.

    Returns
    -------
    Groups or NotAvailable
        Not available when nothing was asked for by name and no column will do.

    Raises
    ------
    SettingsError
        If the column asked for does not exist or is an item of the model.
    ModelError
        If it gives fewer than 2 or more than 6 groups, or one with too few respondents.
    """
    if isinstance(survey, NotAvailable):
        return survey
    if isinstance(model, NotAvailable):
        return model
    complete = find_complete(survey, model)
    known = _collect_attributes(survey, customers, items)
    fewest = _count_fewest(model)
    if wanted:
        _refuse_unknown(wanted, known, model=model, survey=survey, items=items)
        return _take_wanted(wanted, known, survey, complete, fewest)
    tried = {name: _try(known, name, complete, fewest) for name in known}
    usable = {name: groups for name, groups in tried.items() if groups}
    if not usable:
        return NotAvailable(
            f"no attribute of the respondents gives 2 to {MOST_GROUPS} groups of {fewest} or more "
            "complete respondents"
        )
    chosen = min(usable, key=lambda name: usable[name].cut != "")
    return replace(usable[chosen], others=tuple(name for name in usable if name != chosen))


def find_complete(survey: pd.DataFrame, model: StructuralModel) -> pd.Series:
    """Say which respondents answered every item of the model; True or False by row.

    Raises
    ------
    ModelError
        If the survey lacks an item.
    """
    for item in model.items:
        if item not in survey.columns:
            hint = nearest(item, map(str, survey.columns))
            raise ModelError(f"item {item!r} of the model is not a column of the survey{hint}")
    return read_numbers(survey, items=model.items).notna().all(axis=1)


def _count_fewest(model: StructuralModel) -> int:
    """Ask for more rows than a group has parameters, and never for fewer than 50."""
    free = len(lay_out(measure_only(model)).parameters) + len(model.items)
    return max(FEWEST, free + 1)


def _collect_attributes(
    survey: pd.DataFrame, customers: pd.DataFrame | NotAvailable, items: Collection[str]
) -> dict[str, tuple[str, pd.Series]]:
    """Map each attribute to its table and its values, one a row of the survey."""
    aside = {_PERSON, _RESPONDENT, *items}
    found = {str(c): ("survey", survey[c]) for c in survey.columns if c not in aside}
    if isinstance(customers, NotAvailable) or not {_PERSON} <= {*survey} & {*customers}:
        return found
    once = customers.drop_duplicates(_PERSON).set_index(_PERSON)
    more = [column for column in once.columns if column not in {*survey.columns, *aside}]
    return found | {str(c): ("customers", survey[_PERSON].map(once[c])) for c in more}


def _refuse_unknown(
    wanted: str,
    known: Collection[str],
    *,
    model: StructuralModel,
    survey: pd.DataFrame,
    items: Collection[str],
) -> None:
    if wanted in model.items:
        raise SettingsError(
            f"GROUP: {wanted!r} is an item of the model; groups made of an answer that the model "
            "explains differ by their making: choose an attribute"
        )
    if wanted not in known and not (wanted in items and wanted in survey):
        raise SettingsError(
            f"GROUP: no attribute of the respondents is called {wanted!r}{nearest(wanted, known)}; "
            f"known: {', '.join(known) or 'none'}"
        )


def _take_wanted(
    wanted: str,
    known: dict[str, tuple[str, pd.Series]],
    survey: pd.DataFrame,
    complete: pd.Series,
    fewest: int,
) -> Groups:
    is_item = wanted not in known
    origin, values = ("survey", survey[wanted]) if is_item else known[wanted]
    found = _name_groups(values, complete, fewest, halve=is_item)
    counts = found.labels[complete].value_counts()
    if not 2 <= len(counts) <= MOST_GROUPS:
        raise ModelError(
            f"GROUP: {wanted!r} gives {len(counts)} {'group' if len(counts) == 1 else 'groups'} of "
            f"complete respondents; 2 to {MOST_GROUPS} can be compared"
        )
    for label in found.order:
        if counts.get(label, 0) < fewest:
            raise ModelError(
                f"GROUP: group {label!r} of {wanted!r} has {counts.get(label, 0)} complete "
                f"respondents; a group needs {fewest} (50, and more than it has parameters)"
            )
    groups = _sort_into(wanted, origin, found, complete, fewest)
    return replace(groups, warning=_SELECTED) if is_item else groups


def _try(
    known: dict[str, tuple[str, pd.Series]], name: str, complete: pd.Series, fewest: int
) -> Groups | None:
    """Make groups of a column that nobody asked for; None when it will not do."""
    origin, values = known[name]
    if pd.api.types.is_datetime64_any_dtype(values):
        return None
    found = _name_groups(values, complete, fewest, halve=False)
    if not 2 <= len(found.order) <= MOST_GROUPS:
        return None
    groups = _sort_into(name, origin, found, complete, fewest)
    most = 2 * sum(groups.n_complete.values()) >= complete.sum()
    return groups if len(groups.labels) > 1 and most else None


def _name_groups(values: pd.Series, complete: pd.Series, fewest: int, *, halve: bool) -> _Sorted:
    """Name every respondent's group; numbers that are no codes, and dates, are cut."""
    dates = pd.api.types.is_datetime64_any_dtype(values)
    numbers = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    counts = values[complete].dropna().value_counts()
    different = counts.index.tolist()
    codes = len(counts) <= MOST_GROUPS and counts.min() >= fewest and not halve
    if len(counts) > 1 and (dates or (numbers and len(counts) > 2 and not codes)):
        return _halve(values, values[complete].dropna(), dates=dates)
    written = {each: f"{each:g}" if numbers else str(each) for each in different}
    order = sorted(different) if numbers else sorted(different, key=str)
    if isinstance(values.dtype, pd.CategoricalDtype):
        order = [each for each in values.cat.categories if each in written]
    labels = values.astype(object).map(written)
    return _Sorted(labels, tuple(written[each] for each in order), "")


def _halve(values: pd.Series, present: pd.Series, *, dates: bool) -> _Sorted:
    """Cut at the median of those who are complete; no half may be empty."""
    cut = present.sort_values().iloc[(len(present) - 1) // 2]
    if cut == present.max() and cut > present.min():
        cut = present[present < cut].max()
    written = f"{cut:%Y-%m-%d}" if dates else f"{cut:g}"
    order = (f"up to {written}", f"above {written}")
    labels = pd.Series(np.where(values <= cut, *order), index=values.index, dtype=object)
    return _Sorted(labels.where(values.notna()), order, written)


def _sort_into(
    column: str, origin: str, found: _Sorted, complete: pd.Series, fewest: int
) -> Groups:
    counts = found.labels[complete].value_counts()
    n_complete = {label: int(counts.get(label, 0)) for label in found.order}
    taken = {label: n for label, n in n_complete.items() if n >= fewest}
    return Groups(
        column=column,
        origin=origin,
        membership=found.labels.where(found.labels.isin(list(taken))),
        n_complete=taken,
        n_unknown=int((found.labels.isna() & complete).sum()),
        left_out={label: n for label, n in n_complete.items() if label not in taken},
        fewest=fewest,
        cut=found.cut,
        others=(),
        warning=_HALVED if found.cut else "",
    )
