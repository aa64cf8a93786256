"""What the simulated customers pay for service, and what handling their tickets costs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmstudy.collection.simulate.parameters import FirmParameters

#: How often a question on a topic is charged, measured by the questions that ask for advice.
#: Complaints are never charged.
CHARGED = {"advice": 1.0, "delivery": 0.4, "account": 0.1}
_COST_SHAPE = 4.0  # gamma distribution of what handling a ticket costs


def draw_charges(
    rng: np.random.Generator, tickets: pd.DataFrame, firm: FirmParameters
) -> pd.DataFrame:
    """Draw fee and cost of each ticket; both gamma, rounded to cents.

    The cost of a ticket has the unit cost of the monthly ledger as its mean: the tickets of
    a month cost about what the ledger books as service, the same money seen from two sides.

    Parameters
    ----------
    tickets : DataFrame
        ``topic, complaint`` as drawn by :func:`service.draw_contacts`.

    Returns
    -------
    DataFrame
        ``fee`` (0 where the service was free) and ``cost``, a row a ticket.
    """
    share = np.where(tickets["complaint"], 0.0, 1.0) * _charged_shares(tickets["topic"], firm)
    charged = rng.random(len(tickets)) < share
    shape = firm.service_fee_shape
    fee = rng.gamma(shape, firm.service_fee_mean / shape, len(tickets))
    cost = rng.gamma(_COST_SHAPE, firm.cost_service_per_ticket / _COST_SHAPE, len(tickets))
    return pd.DataFrame(
        {"fee": np.where(charged, np.maximum(fee.round(2), 0.01), 0.0), "cost": cost.round(2)}
    )


def _charged_shares(topic: pd.Series, firm: FirmParameters) -> np.ndarray:
    shares = [CHARGED.get(name, 0.0) * firm.service_fee_share for name in topic.cat.categories]
    return np.array(shares)[topic.cat.codes.to_numpy()]


def true_charges(firm: FirmParameters) -> dict[str, float]:
    """State the share of the questions that are charged, by topic."""
    return {
        f"service_fee.share.{topic}": firm.service_fee_share * part
        for topic, part in CHARGED.items()
    }
