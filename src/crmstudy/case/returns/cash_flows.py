"""The cash flows of a measure: what was booked, what was estimated, what is assumed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.case.returns.assumptions import Assumption, tabulate_assumptions

Floats = npt.NDArray[np.float64]
DAYS_PER_YEAR = 365.25

EFFECT, MARGIN, CARRIED = "effect on revenue", "gross margin", "effect carried over"
CUSTOMERS, RATE, BOOKED = "customers addressed", "discount rate", "booked costs"


@dataclass(frozen=True)
class Line:
    """One line of the table of flows: its assumption, and the share of it in each period."""

    label: str
    sign: int
    pattern: Floats
    position: int


@dataclass(frozen=True)
class CashFlowModel:
    """Cash flows as a function of their assumptions.

    Parameters
    ----------
    assumptions : tuple of Assumption
        What the flows are made from, in the order of the columns of ``values``.
    lines : tuple of Line
        Amounts that are spread over the periods.
    start : Timestamp
        First day of the measure, time 0.
    period_days : int
        Length of a period: the window over which the effect was measured.
    times : ndarray of shape (n_periods + 1,)
        When each flow is placed, in periods: 0 and then middles or ends.
    has_effect, claim_allowed : bool
        Whether an estimated effect is among the benefits, and may be called one.
    method : str
        How it was estimated.
    amounts : {"nominal", "real"}
        Prices of all amounts and of the discount rate.
    timing : {"middle", "end"}
        Where in its period a flow is placed.
    currency : str
        Unit of money.
    left_out : float
        Money booked or assumed after the horizon.
    """

    assumptions: tuple[Assumption, ...]
    lines: tuple[Line, ...]
    start: pd.Timestamp
    period_days: int
    times: Floats
    has_effect: bool
    claim_allowed: bool
    method: str
    amounts: str
    timing: str
    currency: str
    left_out: float = 0.0
    names: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Number the assumptions by their label."""
        names = {each.label: position for position, each in enumerate(self.assumptions)}
        object.__setattr__(self, "names", names)

    @property
    def n_periods(self) -> int:
        """Periods after the start."""
        return len(self.times) - 1

    @property
    def years(self) -> float:
        """The horizon in years."""
        return self.n_periods * self.period_days / DAYS_PER_YEAR

    @property
    def periods_per_year(self) -> float:
        """Periods in a year."""
        return DAYS_PER_YEAR / self.period_days

    @property
    def values(self) -> Floats:
        """The best guess of every assumption."""
        return np.array([each.value for each in self.assumptions])

    def rate(self, values: Floats) -> Floats:
        """Discount rate per period, of one or many sets of assumptions."""
        annual = values[..., self.names[RATE]]
        return (1 + annual) ** (self.period_days / DAYS_PER_YEAR) - 1

    def benefit(self, values: Floats) -> tuple[Floats, Floats]:
        """Margin on the effect in the measured window, and on what is carried beyond it."""
        shape = (*values.shape[:-1], self.n_periods + 1)
        first, later = np.zeros(shape), np.zeros(shape)
        if not self.has_effect:
            return first, later
        effect, margin, carried, customers = (
            values[..., self.names[name]] for name in (EFFECT, MARGIN, CARRIED, CUSTOMERS)
        )
        gain = effect * margin * customers
        first[..., 1] = gain
        # Far in the tail a normal margin or a share may leave its range; the share must not.
        share = np.clip(carried, 0, 1)[..., None] ** np.arange(1, self.n_periods)
        later[..., 2:] = gain[..., None] * share
        return first, later

    def flows(self, values: Floats) -> Floats:
        """Net flow of every period, start first, of one or many sets of assumptions."""
        first, later = self.benefit(values)
        total = first + later
        for line in self.lines:
            total = total + line.sign * values[..., line.position, None] * line.pattern
        return total

    def present_value(self, values: Floats) -> Floats:
        """Net present value of one or many sets of assumptions (rows)."""
        discount = (1 + self.rate(values))[..., None] ** -self.times
        return (self.flows(values) * discount).sum(axis=-1)

    def table(self) -> pd.DataFrame:
        """Arrange one row a line of the flows: origin, at the start, later, in all."""
        first, later = self.benefit(self.values)
        rows = []
        if self.has_effect:
            rows.append(_row("gross margin on the effect, measured window", "estimated", first))
            rows.append(_row("gross margin on what is carried over", "assumed", later))
        for line in self.lines:
            assumption = self.assumptions[line.position]
            flow = line.sign * assumption.value * line.pattern
            rows.append(_row(line.label, assumption.origin, flow))
        rows.append(_row("net flow", "sum", self.flows(self.values)))
        return pd.DataFrame(rows)

    def schedule(self) -> pd.DataFrame:
        """Arrange one row a period: flows, discount factor, present and cumulative value."""
        net = self.flows(self.values)
        spent = sum(
            (line.sign * self.assumptions[line.position].value * line.pattern
             for line in self.lines if line.sign < 0),
            np.zeros(self.n_periods + 1),
        )  # fmt: skip
        factor = (1 + float(self.rate(self.values))) ** -self.times
        days = np.arange(len(net)) * self.period_days
        last = pd.to_timedelta(np.maximum(days - 1, 0), unit="D")
        return pd.DataFrame(
            {
                "period": np.arange(len(net)),
                "until": self.start + last,
                "received": net - spent,
                "spent": spent,
                "net flow": net,
                "discount factor": factor,
                "present value": net * factor,
                "cumulative flow": np.cumsum(net),
                "cumulative present value": np.cumsum(net * factor),
            }
        )

    def tabulate_assumptions(self) -> pd.DataFrame:
        """Arrange one row an assumption: value, ends, unit, origin, distribution, basis."""
        return tabulate_assumptions(self.assumptions)


def _row(label: str, origin: str, flow: Floats) -> dict[str, object]:
    return {
        "line": label,
        "origin": origin,
        "at the start": float(flow[0]),
        "later": float(flow[1:].sum()),
        "in all": float(flow.sum()),
    }
