"""What the simulated customers tell in interviews, and how two coders read it.

Every segment has true codes, each present or not, some more likely the less (or the more)
satisfied the customer is. Each coder finds a code that is there with one known probability,
and gives one that is not there with another, independently: so the agreement to expect is
known as well.

References
----------
Cohen, J. (1960). A coefficient of agreement for nominal scales. Educational and Psychological
Measurement, 20(1), 37-46.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from crmstudy.collection.simulate.draws import Floats, category, pick
from crmstudy.collection.simulate.parameters import FirmParameters

CODERS = ("coder A", "coder B")
_FOCUS_GROUP_SHARE = 0.25
_KIND = category(("interview", "focus_group"))


class Code(NamedTuple):
    """One code: share at mean satisfaction, direction of satisfaction, words."""

    share: float
    direction: int
    english: str
    chinese: str


CODES = {
    "good quality": Code(0.25, 1, "What I buy here is simply good.", "这里买的东西质量就是好。"),
    "slow service": Code(0.20, -1, "I waited days for an answer.", "客服回复要等好几天。"),
    "price": Code(0.20, 0, "I compare prices before I order.", "下单之前我会比较价格。"),
    "trust": Code(0.15, 1, "They keep what they promise.", "他们说到做到，我信得过。"),
    "delivery": Code(0.20, -1, "The parcel was late again.", "包裹又晚到了。"),
}
_NOTHING = Code(0.0, 0, "Well, what else shall I say.", "嗯，别的就没什么了。")


def draw_interviews(
    rng: np.random.Generator, people: pd.DataFrame, ids: pd.CategoricalDtype, firm: FirmParameters
) -> pd.DataFrame:
    """Draw the interviews of some buyers, and focus groups, as two coders coded them.

    Returns
    -------
    DataFrame
        ``interview_id, kind, customer_id`` (missing for focus groups), ``segment_id,
        coder, code, text``: one row a code given, one with an empty code where a coder
        found none.
    """
    buyers = rng.permutation(np.flatnonzero(~people["prospect"].to_numpy()))
    n_interviews = min(int(firm.interview_count), buyers.size)
    n_segments = int(firm.interview_segments)
    chosen = buyers[:n_interviews]
    is_group = rng.random(n_interviews) < _FOCUS_GROUP_SHARE
    satisfaction = np.repeat(people["satisfaction"].to_numpy()[chosen], n_segments)
    true = rng.random((satisfaction.size, len(CODES))) < code_shares(satisfaction, firm)
    found = [_read(rng, true, firm) for _ in CODERS]
    segments = pd.DataFrame(
        {
            "interview": np.repeat(np.arange(n_interviews), n_segments),
            "segment": np.tile(np.arange(n_segments), n_interviews),
            "text": _word(true, np.repeat(people["chinese"].to_numpy()[chosen], n_segments)),
        }
    )
    given = pd.concat([_list_codes(segments, codes, who) for who, codes in enumerate(found)])
    given = given.sort_values(["interview", "segment", "coder", "code"], ignore_index=True)
    interview = given["interview"].to_numpy()
    return pd.DataFrame(
        {
            "interview_id": pd.Series([f"I{place + 1:02d}" for place in interview], dtype="str"),
            "kind": pick(is_group[interview].astype(int), _KIND),
            "customer_id": pick(np.where(is_group, -1, chosen)[interview], ids),
            "segment_id": pd.Series(
                [f"S{place + 1:02d}" for place in given["segment"]], dtype="str"
            ),
            "coder": pick(given["coder"].to_numpy(), CODERS),
            "code": pick(given["code"].to_numpy(), CODES),
            "text": given["text"],
        }
    )


def code_shares(satisfaction: Floats, firm: FirmParameters) -> Floats:
    """Compute how likely each code is, given satisfaction; shape (n, codes)."""
    at_mean = logit(np.array([code.share for code in CODES.values()]))
    slope = firm.interview_satisfaction * np.array([code.direction for code in CODES.values()])
    return np.asarray(expit(at_mean + slope * satisfaction[:, None]))


def _read(rng: np.random.Generator, true: np.ndarray, firm: FirmParameters) -> np.ndarray:
    """Draw which codes a coder gives."""
    given = np.where(true, firm.interview_sensitivity, firm.interview_false_share)
    return np.asarray(rng.random(true.shape) < given)


def _word(true: np.ndarray, chinese: np.ndarray) -> pd.Series:
    """Put the segment's words together from what is in it."""
    codes = [*CODES.values(), _NOTHING]
    texts = []
    for present, language in zip(true, chinese, strict=True):
        held = [codes[place] for place in np.flatnonzero(present)] or [_NOTHING]
        words = [code.chinese if language else code.english for code in held]
        texts.append(("" if language else " ").join(words))
    return pd.Series(texts, dtype="str")


def _list_codes(segments: pd.DataFrame, found: np.ndarray, coder: int) -> pd.DataFrame:
    """List one coder's codes by segment; -1 where none was given."""
    none = np.flatnonzero(~found.any(axis=1))
    row, code = np.nonzero(found)
    listed = segments.iloc[np.concatenate([row, none])].reset_index(drop=True)
    return listed.assign(coder=coder, code=np.concatenate([code, np.full(none.size, -1)]))


def true_agreement(firm: FirmParameters) -> dict[str, float]:
    """Work out Cohen's kappa of the two coders: of each code, and of all cells together.

    A cell is one segment and one code, given or not.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    shares = weights @ code_shares(nodes, firm) / weights.sum()
    hit, false = firm.interview_sensitivity, firm.interview_false_share
    both = shares * hit**2 + (1 - shares) * false**2
    one = shares * hit + (1 - shares) * false
    truth = {
        f"interview.kappa.{name.replace(' ', '_')}": _kappa(float(b), float(o))
        for name, b, o in zip(CODES, both, one, strict=True)
    }
    truth["interview.kappa"] = _kappa(float(both.mean()), float(one.mean()))
    shares_by_name = zip(CODES, one, strict=True)
    return truth | {f"interview.share.{n.replace(' ', '_')}": float(o) for n, o in shares_by_name}


def _kappa(both: float, one: float) -> float:
    """Compute kappa of two coders who give a code equally often."""
    observed = 1 - 2 * (one - both)
    expected = one**2 + (1 - one) ** 2
    return (observed - expected) / (1 - expected) if expected < 1 else 1.0
