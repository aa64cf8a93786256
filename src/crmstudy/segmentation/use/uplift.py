"""What a campaign caused, segment by segment, where it held customers back by lot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.checks import Hypothesis
from crmstudy.errors import ModelError, NotAvailable, SettingsError, passes_absence
from crmstudy.segmentation.use.responses import Offers

FEWEST = 10  # customers addressed, and held back, for the difference of a segment
Z = 1.959963984540054  # .975 point of the standard normal distribution
ALL = "all segments"


@dataclass(frozen=True)
class UpliftResult:
    """Outcome of customers addressed less that of customers held back.

    Parameters
    ----------
    segments : DataFrame
        Indexed by segment, by falling uplift, "all segments" last: ``n_addressed``,
        ``n_held_back``, ``mean_addressed``, ``mean_held_back``, ``uplift`` with ``lower``
        and ``upper`` (95 %), ``response_rate`` (of the addressed).
    homogeneity : Hypothesis or NotAvailable
        Whether the segments differ in uplift.
    outcome : str
        What is compared, in words.
    n_left_out : int
        Offers to customers without a segment, or in segments too small to compare.
    campaigns : tuple of str
        Campaigns that held customers back.
    """

    segments: pd.DataFrame
    homogeneity: Hypothesis | NotAvailable
    outcome: str
    n_left_out: int
    campaigns: tuple[str, ...]

    def table(self) -> pd.DataFrame:
        """Arrange the segments: means of both groups, uplift, and the plain response rate."""
        names = {
            "n_addressed": "addressed",
            "n_held_back": "held back",
            "mean_addressed": f"{self.outcome}, addressed",
            "mean_held_back": f"{self.outcome}, held back",
            "response_rate": "response rate",
        }
        return self.segments.rename(columns=names).reset_index()

    def weigh(self, *, cost_per_contact: float, margin_share: float) -> pd.DataFrame:
        """Give the value of a contact less its cost, by segment, as evidence for a plan."""
        if self.outcome == "days with a purchase":
            raise SettingsError("days with a purchase have no value: compare margin or revenue")
        share = 1.0 if self.outcome == "margin" else margin_share
        frame = self.segments[["uplift", "lower", "upper"]] * share - cost_per_contact
        source = f"uplift of {self.outcome} over customers held back by lot"
        return frame.rename(columns={"uplift": "value"}).drop(index=ALL).assign(source=source)

    def to_metrics(self) -> dict[str, float]:
        """Give the uplift over all segments with its limits."""
        total = self.segments.loc[[ALL]].iloc[0]
        return {name: float(total[name]) for name in ("uplift", "lower", "upper")}


@passes_absence
def measure_uplift(
    offers: Offers, segments: pd.Series, *, outcome: str = ""
) -> UpliftResult | NotAvailable:
    """Compare customers addressed and held back within each segment.

    Drawing lots made the two groups alike, so the difference of their means while the
    campaign ran is what it caused. A response rate is not: who redeems a coupon might
    have bought anyway. Where several campaigns held customers back, their differences
    are averaged by ``n_1 n_0 / (n_1 + n_0)``. The interval is normal with Welch's
    standard error.

    Parameters
    ----------
    offers : Offers
        From :func:`crmstudy.segmentation.use.responses.match_responses`.
    segments : Series
        Labels indexed by customer, made from data before the campaigns.
    outcome : {"revenue", "margin", "n_purchase_days", ""}
        Empty takes the margin where every cost is known, else the revenue.

    Raises
    ------
    SettingsError
        If the outcome is none of these.
    ModelError
        If no segment has ten customers in both groups.

    References
    ----------
    Cochran, W. G. (1954). The combination of estimates from different experiments.
    Biometrics, 10(1), 101-129.
    """
    outcome = outcome or ("margin" if "margin" in offers.windows else "revenue")
    allowed = ("revenue", "margin", "n_purchase_days")
    if outcome not in allowed:
        raise SettingsError(f"outcome = {outcome!r}: allowed are {', '.join(allowed)}")
    if offers.windows.empty:
        return NotAvailable("no campaign held customers back: what it caused cannot be told")
    if outcome not in offers.windows:
        return NotAvailable(f"the data have no {outcome}")
    labels = segments.dropna().astype("str")
    rows = offers.windows.assign(
        segment=offers.windows["customer_id"].map(labels), y=offers.windows[outcome]
    ).sort_values(["y"], kind="stable")
    made = offers.rows[offers.rows["campaign_id"].isin(rows["campaign_id"])]
    made = made[made["treated"]].assign(segment=made["customer_id"].map(labels))
    counted = rows.dropna(subset="segment")
    found = [_compare(part, str(name)) for name, part in counted.groupby("segment")]
    kept = [row for row in found if row]
    if not kept:
        raise ModelError(
            f"no segment has {FEWEST} customers addressed and {FEWEST} held back: no uplift"
        )
    frame = pd.DataFrame(kept).set_index("segment")
    used = counted[counted["segment"].isin(frame.index)]
    frame = frame.sort_values("uplift", ascending=False, kind="stable")
    total = pd.DataFrame([_compare(used, ALL)]).set_index("segment")
    homogeneity = _test_homogeneity(frame)
    frame = pd.concat([frame, total])
    rates = made.groupby("segment")["responded"].mean()
    rates[ALL] = made.loc[made["segment"].isin(frame.index), "responded"].mean()
    frame["response_rate"] = rates.reindex(frame.index)
    frame["lower"] = frame["uplift"] - Z * frame["se"]
    frame["upper"] = frame["uplift"] + Z * frame.pop("se")
    order = ["n_addressed", "n_held_back", "mean_addressed", "mean_held_back"]
    return UpliftResult(
        segments=frame[[*order, "uplift", "lower", "upper", "response_rate"]],
        homogeneity=homogeneity,
        outcome=outcome.replace("n_purchase_days", "days with a purchase"),
        n_left_out=len(rows) - len(used),
        campaigns=tuple(sorted(map(str, rows["campaign_id"].unique()))),
    )


def _compare(rows: pd.DataFrame, name: str) -> dict[str, object]:
    """Average the differences of the campaigns; nothing where a group is too small."""
    treated, held = (
        rows[rows["treated"] == side].groupby("campaign_id")["y"].agg(["size", "mean", "var"])
        for side in (True, False)
    )
    both = treated.add_suffix("_1").join(held.add_suffix("_0"), how="inner")
    both = both[(both["size_1"] >= FEWEST) & (both["size_0"] >= FEWEST)]
    if both.empty:
        return {}
    n1, n0 = both["size_1"], both["size_0"]
    weight = n1 * n0 / (n1 + n0)
    weight = weight / weight.sum()
    error = np.sqrt(float((weight**2 * (both["var_1"] / n1 + both["var_0"] / n0)).sum()))
    return {
        "segment": name,
        "n_addressed": int(n1.sum()),
        "n_held_back": int(n0.sum()),
        "mean_addressed": float((weight * both["mean_1"]).sum()),
        "mean_held_back": float((weight * both["mean_0"]).sum()),
        "uplift": float((weight * (both["mean_1"] - both["mean_0"])).sum()),
        "se": error,
    }


def _test_homogeneity(frame: pd.DataFrame) -> Hypothesis | NotAvailable:
    """Cochran's Q of the segments' uplifts."""
    from scipy.special import chdtrc

    if len(frame) < 2 or (frame["se"] <= 0).any():
        return NotAvailable("uplifts of two segments that vary are needed for a comparison")
    weight = 1 / frame["se"] ** 2
    mean = float((weight * frame["uplift"]).sum() / weight.sum())
    q = float((weight * (frame["uplift"] - mean) ** 2).sum())
    return Hypothesis(
        null="the campaign's effect is the same in all segments",
        statistic=q,
        p_value=float(chdtrc(len(frame) - 1, q)),
        distribution=f"chi2({len(frame) - 1})",
    )
