"""High satisfaction need not bring loyalty: what weakens or strengthens the path.

Every moderator of study.yml has a model of its own (:func:`fit_interaction`); a further
model holds all of them. The direction of each was registered beforehand.

References
----------
Oliver, R. L. (1999). Whence consumer loyalty? J. Marketing, 63(4), 33-44.
Foldnes, N., & Hagtvet, K. A. (2014). The choice of product indicators in latent variable
interaction models: Post hoc analyses. Psychological Methods, 19(3), 444-457.
Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian J.
Statistics, 6(2), 65-70.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.loyalty.model.specify import Construct, StructuralModel
from crmstudy.loyalty.moderation.asked import find_construct
from crmstudy.loyalty.moderation.interaction import Interaction, Question
from crmstudy.loyalty.moderation.other_methods import MAIN, compare_methods
from crmstudy.statistics.multiplicity import adjust_p_values


@dataclass(frozen=True)
class ModerationResult:
    """What every moderator of the study does.

    Attributes
    ----------
    interactions : mapping
        Moderator's name in study.yml to its model, or why there is none.
    questions : mapping
        Moderator's name to its items, label and registered sign.
    methods : DataFrame
        The moderation by other methods: moderator, method, n, effect, se, lower, upper,
        p value, note.
    level : float
        Level of every interval.
    """

    interactions: Mapping[str, Interaction | NotAvailable]
    questions: Mapping[str, Question]
    methods: pd.DataFrame
    level: float

    def effect(self, name: str) -> dict[str, float] | NotAvailable:
        """Effect, se, p value, lower and upper of one moderator's standardised product."""
        found = self.interactions.get(name, NotAvailable(f"study.yml has no moderator {name}"))
        return found if isinstance(found, NotAvailable) else found.effect(level=self.level)

    def table(self) -> pd.DataFrame:
        """One row a moderator: effect of the product, registered sign, verdict.

        ``effect`` says by how much the standardised path from satisfaction to loyalty
        changes with one standard deviation of the moderator.
        """
        known = {name: self.effect(name) for name in self.interactions}
        p = pd.Series({k: v["p value"] for k, v in known.items() if isinstance(v, dict)})
        holm = adjust_p_values(p.astype(float))["p_holm"]
        rows = []
        for name, found in self.interactions.items():
            asked, effect = self.questions[name], known[name]
            row: dict[str, Any] = {"moderator": asked.label, "expected": asked.sign}
            if isinstance(found, Interaction) and isinstance(effect, dict):
                row |= {"n": found.result.n_used, "products": len(found.term.pairs), **effect}
                row |= {"p (Holm)": float(holm[name]), "added r squared": found.added}
            rows.append(row | {"verdict": judge(asked.sign, effect)})
        return pd.DataFrame(rows, columns=_COLUMNS).astype({"n": "Int64", "products": "Int64"})

    def slopes(self) -> pd.DataFrame | NotAvailable:
        """Simple slopes of every moderator that could be estimated."""
        return self._stack([found.slopes(level=self.level) for found in self.estimated])

    def lines(self) -> pd.DataFrame | NotAvailable:
        """Lines of loyalty over satisfaction, of every moderator that could be estimated."""
        return self._stack([found.lines(level=self.level) for found in self.estimated])

    def compare(self) -> pd.DataFrame:
        """One row a moderator, one column a method: the effect, missing where there is none.

        ``other verdicts`` counts the methods that come to another verdict than the main one.
        """
        frame = self.methods
        rows = []
        for label in dict.fromkeys(frame["moderator"]):
            known = frame[(frame["moderator"] == label) & frame["effect"].notna()]
            side = (known["lower"] > 0).astype(int) - (known["upper"] < 0).astype(int)
            main = side[known["method"] == MAIN]
            dissent = None if main.empty else int((side != main.iloc[0]).sum())
            effects = dict(zip(known["method"], known["effect"], strict=True))
            rows.append({"moderator": label, **effects, "other verdicts": dissent})
        methods = list(dict.fromkeys(frame["method"]))
        wide = pd.DataFrame(rows, columns=["moderator", *methods, "other verdicts"])
        kinds = {**dict.fromkeys(methods, "float64"), "other verdicts": "Int64"}
        return wide.astype(kinds)

    def fits(self) -> pd.DataFrame | NotAvailable:
        """Fit of each moderator's model."""
        rows = []
        for found in self.estimated:
            measures = found.result.fit
            kept = {} if isinstance(measures, NotAvailable) else measures.to_metrics()
            shown = {"chi2": "chi2", "df": "df", "cfi": "CFI", "rmsea": "RMSEA", "srmr": "SRMR"}
            wanted = {label: kept.get(name) for name, label in shown.items()}
            rows.append({"moderator": found.label, "n": found.result.n_used, **wanted})
        return self._stack([pd.DataFrame([row]) for row in rows])

    @property
    def estimated(self) -> tuple[Interaction, ...]:
        """The moderators' models that are admissible."""
        return tuple(v for v in self.interactions.values() if isinstance(v, Interaction))

    def to_metrics(self) -> dict[str, float]:
        """Effect, standard error, p value and added share, by moderator."""
        metrics: dict[str, float] = {
            "n_moderators": len(self.interactions),
            "n_estimated": len(self.estimated),
        }
        for name, found in self.interactions.items():
            if isinstance(found, Interaction):
                effect, key = found.effect(level=self.level), name.lower()
                metrics |= {
                    f"effect_{key}": effect["effect"],
                    f"se_{key}": effect["se"],
                    f"p_{key}": effect["p value"],
                    f"added_r2_{key}": found.added,
                    f"n_{key}": found.result.n_used,
                }
        return metrics

    def _stack(self, parts: Sequence[pd.DataFrame]) -> pd.DataFrame | NotAvailable:
        if not parts:
            return NotAvailable("no moderator's model could be estimated")
        return pd.concat(parts, ignore_index=True)


_COLUMNS = [
    *("moderator", "n", "products", "effect", "se", "lower", "upper", "p value", "p (Holm)"),
    *("added r squared", "expected", "verdict"),
]


def judge(sign: str, effect: Mapping[str, float] | NotAvailable) -> str:
    """Judge a registered direction by the effect's interval."""
    if isinstance(effect, NotAvailable):
        return f"not tested: {effect.reason}"
    if effect["lower"] <= 0 <= effect["upper"]:
        return "undecided"
    return "supported" if (effect["effect"] > 0) == (sign == "+") else "contradicted"


def moderate_loyalty(
    answers: pd.DataFrame | NotAvailable,
    *,
    instrument: Mapping[str, Any],
    model: StructuralModel | NotAvailable | None = None,
    level: float = 0.95,
) -> ModerationResult | NotAvailable:
    """Ask of every moderator whether it bends the path from satisfaction to loyalty.

    Parameters
    ----------
    answers : DataFrame of shape (n_respondents, ...)
        One column an item, reverse-scored items turned round.
    instrument : mapping
        ``constructs``, ``focus`` and ``moderators`` as study.yml gives them.
    model : StructuralModel, optional
        The chapter's model, whose items of satisfaction and loyalty are used; where it is
        not available, the instrument's are.
    level : float
        Level of the intervals.

    Raises
    ------
    ModelError
        If study.yml does not say which constructs are satisfaction and loyalty, or names
        no moderator. What keeps one moderator from being tested stands in its row.
    """
    if isinstance(answers, NotAvailable):
        return answers
    known = instrument.get("moderators", {})
    if not known:
        raise ModelError("study.yml names no moderators (instrument: moderators)")
    satisfaction = find_construct(instrument, "satisfaction", model=model)
    loyalty = find_construct(instrument, "loyalty", model=model)
    labels = [spec["label"] for spec in known.values()]
    questions = {}
    for name, spec in known.items():
        alone = labels.count(spec["label"]) == 1
        label = spec["label"] if alone else f"{spec['label']} ({name})"
        moderator = Construct(name, spec["items"], label)
        questions[name] = Question(moderator, satisfaction, loyalty, spec["sign"])
    interactions, methods = compare_methods(answers, questions, level=level)
    return ModerationResult(interactions, questions, methods, level)
