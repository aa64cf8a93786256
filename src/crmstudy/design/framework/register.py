"""The register: every hypothesis with what it is about, its test, and the rule of decision."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from crmstudy.chapters import GATES
from crmstudy.collection.study import StudyData
from crmstudy.design.framework.decisions import (
    Decision,
    find_dataset,
    label_node,
    read_decision,
    view_chapter,
)
from crmstudy.errors import NotAvailable
from crmstudy.settings import Hypothesis

#: The rule of decision, fixed before any result.
RULE = (
    ("supported", "the 95% interval lies on the expected side of zero, and every check holds"),
    ("contradicted", "the 95% interval lies on the other side of zero, and every check holds"),
    ("undecided", "the 95% interval holds zero: neither shown nor refuted"),
    ("withheld", "a check of the deciding chapter forbids the claim, whatever the interval says"),
    ("not tested", "the study has no data for it, or nothing could be estimated"),
)


@dataclass(frozen=True)
class Entry:
    """One registered hypothesis.

    Attributes
    ----------
    hypothesis : Hypothesis
        As study.yml has it.
    decision : Decision
        What it is about.
    source, target : str
        Labels of the two ends in print.
    dataset : str or NotAvailable
        The data set that decides, or what is lacking.
    """

    hypothesis: Hypothesis
    decision: Decision
    source: str
    target: str
    dataset: str | NotAvailable

    @property
    def available(self) -> bool:
        """Whether the study has what the test needs."""
        return not isinstance(self.dataset, NotAvailable)

    @property
    def sign(self) -> str:
        """Expected sign in print."""
        return self.hypothesis.expected_sign.replace("-", "−")

    @property
    def about(self) -> str:
        """The pair in words."""
        if self.decision.kind == "unknown":
            return "unknown"
        if self.decision.kind == "moderation":
            return f"{self.source} on the path to {self.target}"
        return f"{self.source} → {self.target}"


@dataclass(frozen=True)
class Register:
    """All hypotheses of a study in the order of study.yml.

    Attributes
    ----------
    entries : tuple of Entry
    alpha : float
        Probability of a false alarm of one two-sided test.
    """

    entries: tuple[Entry, ...]
    alpha: float

    @property
    def testable(self) -> tuple[Entry, ...]:
        """Those that the study has data for."""
        return tuple(entry for entry in self.entries if entry.available)

    def table(self) -> pd.DataFrame:
        """One row a hypothesis.

        ``hypothesis, statement, about, expected sign, decided by, chapter, literature,
        data here``.
        """
        return pd.DataFrame([_row(entry) for entry in self.entries])

    def tabulate_rule(self) -> pd.DataFrame:
        """List the five verdicts and when each is given: ``verdict, when``."""
        return pd.DataFrame(RULE, columns=["verdict", "when"])

    def tabulate_chance(self) -> pd.DataFrame:
        """Tell how often chance alone would support something.

        ``quantity, value``: hypotheses, testable ones, and, were none of the testable ones
        true and their tests independent, the chance of one false support at least, of one
        false decision at least, and the level that would keep the latter at alpha.
        """
        m = len(self.testable)
        rows = [
            ("hypotheses registered", len(self.entries)),
            ("hypotheses that this study has data for", m),
            ("false alarm of one test", self.alpha),
            ("chance of one false support at least", false_alarms(m, self.alpha / 2)),
            ("chance of one false decision at least", false_alarms(m, self.alpha)),
            ("level of each test that keeps the latter", self.alpha / max(m, 1)),
        ]
        return pd.DataFrame(rows, columns=["quantity", "value"]).astype({"value": "float64"})

    def to_metrics(self) -> dict[str, float]:
        """Counts and the chance of a false support."""
        m = len(self.testable)
        return {
            "hypotheses": len(self.entries),
            "testable": m,
            "chance_of_false_support": false_alarms(m, self.alpha / 2),
        }


def false_alarms(n_tests: int, level: float) -> float:
    """Give the chance of one false alarm at least in independent tests."""
    return 1 - (1 - level) ** n_tests


def register_hypotheses(data: StudyData, *, alpha: float = 0.05) -> Register | NotAvailable:
    """Read a study's register: what each hypothesis is about and whether it can be tested.

    Parameters
    ----------
    data : StudyData
        Only its settings and the names of its tables are looked at.
    alpha : float
        Probability of a false alarm of one test.
    """
    hypotheses = data.settings.hypotheses
    if not hypotheses:
        return NotAvailable("study.yml registers no hypothesis")
    return Register(tuple(_enter(one, data) for one in hypotheses), alpha)


def _enter(hypothesis: Hypothesis, data: StudyData) -> Entry:
    instrument = data.settings.instrument
    decision = read_decision(hypothesis, instrument)
    return Entry(
        hypothesis,
        decision,
        label_node(decision.source, instrument),
        label_node(decision.target, instrument),
        find_dataset(hypothesis, decision, data),
    )


def number_chapter(chapter: str) -> str:
    """Write a chapter as ``05 satisfaction loyalty``; an unknown one as it is."""
    gate = GATES.get(chapter)
    words = chapter.replace("_", " ")
    return f"{gate.number:02d} {words}" if gate else words


def _row(entry: Entry) -> dict[str, str]:
    return {
        "hypothesis": entry.hypothesis.id,
        "statement": entry.hypothesis.statement,
        "about": entry.about,
        "expected sign": entry.sign,
        "decided by": entry.decision.statistic,
        "chapter": number_chapter(entry.hypothesis.chapter),
        "literature": entry.hypothesis.reference or "none given",
        "data here": "yes" if entry.available else f"no: {_reason(entry)}",
    }


def _reason(entry: Entry) -> str:
    return entry.dataset.reason if isinstance(entry.dataset, NotAvailable) else ""


def count_cases(entry: Entry, data: StudyData) -> int | NotAvailable:
    """Count the customers or respondents that a test can use: rows of its tables only."""
    if isinstance(entry.dataset, NotAvailable):
        return entry.dataset
    view = view_chapter(data, entry.hypothesis.chapter)
    if entry.decision.tables[0] == "transactions":
        sql = f'SELECT count(DISTINCT customer_id) AS n FROM "{entry.dataset}"."transactions"'
        return int(view.warehouse.query(sql)["n"][0])
    survey = view.warehouse.table(entry.dataset, "survey")
    if isinstance(survey, NotAvailable):
        return survey
    if entry.decision.kind == "repurchase":
        if "customer_id" not in survey:
            return NotAvailable("the survey does not say which customer answered")
        return int(survey["customer_id"].notna().sum())
    return len(survey)
