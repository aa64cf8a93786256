"""What is known of the customers in each of four dimensions: product, service, brand, channel."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import pandas as pd

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.instrument import Instrument
from crmstudy.segmentation.positioning.ratios import Quantity

NOT_GIVEN = NotAvailable("not given")
#: What complaints, departments and a rhythm of purchases need.
NO_COMPLAINTS = "no contacts that say what is a complaint"
NO_DEPARTMENTS = "no departments of what was bought are known"
NO_RHYTHM = "no customer has enough purchases to show a rhythm"
OWN_LABEL = re.compile(r"\b(private|own|store|house)\b|自有", re.IGNORECASE)
#: Names that the product mix gives to what has no name of its own.
OTHER, UNKNOWN = "other", "unknown"
Found = Quantity | NotAvailable


@dataclass(frozen=True)
class Evidence:
    """The tables that positions are measured from; each may be absent.

    Parameters
    ----------
    features : DataFrame indexed by customer
        From ``StudyData.features``.
    earlier, later : DataFrame indexed by customer, or NotAvailable
        ``n_purchases`` and ``revenue`` of two windows, one after the other, from
        ``StudyData.purchases``.
    departments, brands, channels : DataFrame, or NotAvailable
        Money of each customer by level, from ``StudyData.product_mix(...).spend``.
    earlier_brands, later_brands : DataFrame, or NotAvailable
        The same by brand in the two windows, with the same names of brands.
    customers, survey, benchmarks : DataFrame, or NotAvailable
        Canonical tables of the same data set.
    instrument : Instrument
        The questionnaire of the survey, with the roles of its items.
    """

    features: pd.DataFrame
    earlier: pd.DataFrame | NotAvailable = NOT_GIVEN
    later: pd.DataFrame | NotAvailable = NOT_GIVEN
    departments: pd.DataFrame | NotAvailable = NOT_GIVEN
    brands: pd.DataFrame | NotAvailable = NOT_GIVEN
    channels: pd.DataFrame | NotAvailable = NOT_GIVEN
    earlier_brands: pd.DataFrame | NotAvailable = NOT_GIVEN
    later_brands: pd.DataFrame | NotAvailable = NOT_GIVEN
    customers: pd.DataFrame | NotAvailable = NOT_GIVEN
    survey: pd.DataFrame | NotAvailable = NOT_GIVEN
    benchmarks: pd.DataFrame | NotAvailable = NOT_GIVEN
    instrument: Instrument = field(default_factory=Instrument)

    def mean(self, feature: str, name: str, *, needs: str = "") -> Found:
        """Average a feature over the customers for whom it is known."""
        known = self.feature(feature, needs=needs)
        if isinstance(known, NotAvailable):
            return known
        return Quantity(name, known, known.notna().astype("float64"))

    def rate(
        self, top: str, bottom: str, name: str, *, times: float = 1.0, needs: str = ""
    ) -> Found:
        """Divide the sum of a feature by that of another."""
        above, below = self.feature(top, needs=needs), self.feature(bottom)
        if isinstance(above, NotAvailable):
            return above
        return below if isinstance(below, NotAvailable) else Quantity(name, times * above, below)

    def feature(self, name: str, *, needs: str = "") -> pd.Series | NotAvailable:
        """Give a feature as numbers; a table that it needs is named where it is absent."""
        if name not in self.features.columns:
            return NotAvailable(needs or f"no {name.replace('_', ' ')} in the data")
        return self.features[name].astype("float64")

    def benchmark(self, indicator: str) -> tuple[float, str] | NotAvailable:
        """Give the latest figure of an indicator, and where it comes from."""
        if isinstance(self.benchmarks, NotAvailable):
            return NotAvailable(f"no benchmark of the {indicator}")
        names = self.benchmarks["indicator"].astype("str").str.strip().str.lower()
        rows = self.benchmarks[names == indicator].sort_values("period", kind="stable")
        if rows.empty:
            return NotAvailable(f"no benchmark of the {indicator}")
        last = rows.iloc[-1]
        return float(last["value"]), f"benchmark {last['period']} ({last['source']})"

    def answer(self, role: str, name: str) -> Found:
        """Average the answers to the item that has a role, such as service_satisfaction."""
        item = self.instrument.roles.get(role)
        if item is None:
            return NotAvailable(f"no survey item asks for {role.replace('_', ' ')}")
        return self._answers([item], name)

    def construct(self, construct: str, name: str) -> Found:
        """Average the items of a construct, such as expectation or image."""
        spec = self.instrument.constructs.get(construct)
        if spec is None:
            return NotAvailable(f"the survey does not measure {construct}")
        return self._answers(spec.items, name)

    def _answers(self, items: list[str], name: str) -> Found:
        if isinstance(self.survey, NotAvailable):
            return self.survey
        present = [item for item in items if item in self.survey.columns]
        if not present:
            return NotAvailable(f"the survey has no answers to {', '.join(items)}")
        if "customer_id" not in self.survey or self.survey["customer_id"].isna().all():
            return NotAvailable("the survey is not linked to customers")
        linked = self.survey[self.survey["customer_id"].notna()]
        answers = linked[present].astype("float64")
        for item in present:
            if item in self.instrument.items and self.instrument.items[item].reverse:
                low, high = self.instrument.bounds(item)
                answers[item] = low + high - answers[item]
        enough = 2 * answers.notna().sum(axis=1) >= len(present)
        mean = answers.mean(axis=1).where(enough).groupby(linked["customer_id"]).mean()
        return Quantity(name, mean, mean.notna().astype("float64"))


@passes_absence
def share_of(spend: pd.DataFrame, level: str, name: str) -> Found:
    """Divide the money spent on one level by the money of known level."""
    return Quantity(name, spend[level], known_money(spend).sum(axis=1))


def known_money(spend: pd.DataFrame) -> pd.DataFrame:
    """Leave out the money whose level is not known."""
    return spend.drop(columns=UNKNOWN, errors="ignore")


def name_levels(spend: pd.DataFrame | NotAvailable) -> list[str]:
    """List the levels with a name of their own, the one with the most money first."""
    if isinstance(spend, NotAvailable):
        return []
    own = [str(name) for name in spend.columns if name not in (OTHER, UNKNOWN)]
    total = spend[own].sum()
    return sorted(own, key=lambda name: (-total[name], name))


def find_own_brand(brands: pd.DataFrame | NotAvailable) -> tuple[str, str] | NotAvailable:
    """Find the firm's own label, else the brand with the most money; say which it is."""
    if isinstance(brands, NotAvailable):
        return brands
    levels = name_levels(brands)
    if len(levels) < 2:
        return NotAvailable("there are no two brands to compare")
    own = [level for level in levels if OWN_LABEL.search(level)]
    if own:
        return own[0], f"share of the firm's own label ({own[0]})"
    return levels[0], f"share of the leading brand ({levels[0]})"


@passes_absence
def favourite_share(brands: pd.DataFrame, name: str) -> Found:
    """Divide the money spent on each customer's favourite brand by all money on brands."""
    money = known_money(brands).clip(lower=0.0)
    levels = [level for level in money.columns if level != OTHER]
    if len(levels) < 2:
        return NotAvailable("there are no two brands to compare")
    return Quantity(name, money[levels].max(axis=1), money.sum(axis=1))


@passes_absence
def brand_repurchase(earlier: pd.DataFrame, later: pd.DataFrame, name: str) -> Found:
    """Divide the brands bought in both windows by those bought in the earlier one."""
    levels = [level for level in name_levels(earlier) if level in later.columns]
    if len(levels) < 2:
        return NotAvailable("there are no two brands to compare")
    before = earlier[levels] > 0
    after = later.reindex(index=before.index, columns=levels, fill_value=0.0) > 0
    return Quantity(
        name,
        (before & after).sum(axis=1).astype("float64"),
        before.sum(axis=1).astype("float64"),
    )


@passes_absence
def bought_again(earlier: pd.DataFrame, later: pd.DataFrame, name: str) -> Found:
    """Divide the customers who bought in both windows by those who bought in the earlier one."""
    before = earlier["n_purchases"] > 0
    after = later["n_purchases"].reindex(before.index, fill_value=0) > 0
    return Quantity(name, (before & after).astype("float64"), before.astype("float64"))


@passes_absence
def later_revenue(earlier: pd.DataFrame, later: pd.DataFrame, name: str) -> Found:
    """Divide the revenue of the later window by that of the earlier one."""
    everyone = earlier.index.union(later.index)
    after, before = (
        one["revenue"].reindex(everyone, fill_value=0.0).astype("float64")
        for one in (later, earlier)
    )
    return Quantity(name, after, before)
