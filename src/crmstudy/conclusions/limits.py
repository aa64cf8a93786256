"""The limits of the study: checks that failed, results that could not be had, each once."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from crmstudy.conclusions.evidence import Evidence
from crmstudy.errors import NotAvailable

#: Kinds of limits, and the words in a check's table or name by which it belongs to one; the
#: first that fits.
KINDS = (
    (
        "groups that may not be compared",
        r"trend|alike|placebo|balance|overlap|propensity|confound|common support|sample ratio"
        r"|sample-ratio|held apart",
    ),
    (
        "few cases",
        r"large enough|enough events|enough offers|respondents than|\bn >=|few cases|units\)"
        r"|left out for its size|enough contacts|enough customers",
    ),
    (
        "models that fit badly or are refused",
        r"gate|admissible|identified|converge|foretold|foretells|foresee|positive definite"
        r"|explor|common_method|common method|fit\b|calibrat|choice_checks|networks_checks",
    ),
    ("data", r"cost .* known|missing|answered|careless|screening|duplicate|no item piles"),
)
OTHER = "assumptions of methods"
ABSENT = "data that are not there"
MADE_UP = "simulated or illustrative data"
SEVERAL = "several tests"
ORDER = (*(kind for kind, _ in KINDS), OTHER, ABSENT, MADE_UP, SEVERAL)
TABLE = re.compile(r"no table (\w+)(?= in \w|$|[.,;:])")
#: Words in a note of study.yml by which data are no real ones.
UNREAL = re.compile(r"simulat|made up|illustrat|invented|example|虚构|模拟|示例", re.I)
#: Reasons that name no lack: nothing was there that the step is for.
NO_LACK = re.compile(r"nothing to test|both ways are one|^no table holds|could single somebody out")


@dataclass(frozen=True)
class Limits:
    """What limits the conclusions.

    Parameters
    ----------
    found : DataFrame
        ``kind, chapter, what, statistic, rule, what follows, exhibit``, each limit once.
    held : DataFrame
        By chapter: ``chapter, numbers, not available, tables, checks, hold, fail``.
    """

    found: pd.DataFrame
    held: pd.DataFrame

    def table(self) -> pd.DataFrame | NotAvailable:
        """Arrange the limits by kind."""
        return NotAvailable("no limit was found") if self.found.empty else self.found

    def by_kind(self) -> pd.Series | NotAvailable:
        """Count the limits of each kind that occurs, in the order of :data:`ORDER`."""
        if self.found.empty:
            return NotAvailable("no limit was found")
        counts = self.found["kind"].value_counts()
        return counts.reindex([kind for kind in ORDER if kind in counts.index])

    def to_metrics(self) -> dict[str, float]:
        """Count the checks and the limits of every kind."""
        counts = self.found["kind"].value_counts()
        named: dict[str, float] = {
            f"n_{re.sub(r'[^a-z]+', '_', kind)}": int(counts.get(kind, 0)) for kind in ORDER
        }
        checks = self.held[["checks", "hold", "fail"]].sum()
        return named | {
            "n_checks": int(checks["checks"]),
            "n_checks_that_hold": int(checks["hold"]),
            "n_checks_that_fail": int(checks["fail"]),
        }


def collect_limits(judged: pd.DataFrame | NotAvailable, *, evidence: Evidence) -> Limits:
    """Collect what limits the conclusions from what the chapters recorded.

    Parameters
    ----------
    judged : DataFrame
        The register with its verdicts; several tests are a limit of their own. Where no
        hypothesis is registered, the other limits stand.
    evidence : Evidence

    Returns
    -------
    Limits
        A check that fails in several tables of a chapter, and a reason that several
        results give, stand once.
    """
    rows = _from_checks(evidence) + _from_absence(evidence) + _from_caveats(evidence)
    rows += _from_tests(judged)
    columns = ["kind", "chapter", "what", "statistic", "rule", "what follows", "exhibit"]
    found = pd.DataFrame(rows, columns=columns).astype({"statistic": "float64"})
    found = found.drop_duplicates(["kind", "chapter", "what"])
    places = {kind: place for place, kind in enumerate(ORDER)}
    found = found.sort_values(
        ["kind", "chapter"], key=lambda c: c.map(places) if c.name == "kind" else c, kind="stable"
    )
    return Limits(found.reset_index(drop=True), count_contributions(evidence))


def name_kind(table: str, assumption: str) -> str:
    """Name the kind of a check by the words in its table's name and its own."""
    words = f"{table} {assumption}".lower()
    return next((kind for kind, pattern in KINDS if re.search(pattern, words)), OTHER)


def count_contributions(evidence: Evidence) -> pd.DataFrame:
    """Count by chapter what it recorded.

    Returns
    -------
    DataFrame
        ``chapter, numbers, not available, tables, checks, hold, fail``.
    """
    chapters = {address.partition("/")[0] for address in evidence.tables}
    chapters |= {address.split(".")[0] for address in evidence.numbers}
    rows = [_count(chapter, evidence) for chapter in sorted(chapters)]
    return pd.DataFrame(
        rows, columns=["chapter", "numbers", "not available", "tables", "checks", "hold", "fail"]
    )


def _count(chapter: str, evidence: Evidence) -> dict[str, object]:
    tables = [t for a, t in evidence.tables.items() if a.startswith(f"{chapter}/")]
    numbers = [n.get("value") for a, n in evidence.numbers.items() if a.startswith(f"{chapter}.")]
    checks = pd.concat([t["holds"] for t in tables if _holds_checks(t)] or [pd.Series(dtype=str)])
    absent = sum(number is None for number in numbers)
    return {
        "chapter": chapter,
        "numbers": len(numbers) - absent,
        "not available": absent,
        "tables": len(tables),
        "checks": len(checks),
        "hold": int((checks == "yes").sum()),
        "fail": int((checks == "no").sum()),
    }


def _holds_checks(table: pd.DataFrame) -> bool:
    return {"assumption", "holds", "if it fails"} <= set(table)


def _from_checks(evidence: Evidence) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for address, table in sorted(evidence.tables.items()):
        if _holds_checks(table):
            chapter, _, name = address.partition("/")
            rows += [
                {
                    "kind": name_kind(name, str(row["assumption"])),
                    "chapter": chapter,
                    "what": row["assumption"],
                    "statistic": row["statistic"],
                    "rule": row["rule"],
                    "what follows": row["if it fails"],
                    "exhibit": address,
                }
                for row in table[table["holds"] == "no"].to_dict("records")
            ]
    return rows


def _from_absence(evidence: Evidence) -> list[dict[str, object]]:
    """Gather results that are not available by their reason."""
    waiting: dict[tuple[str, str], int] = {}
    for address, entry in sorted(evidence.numbers.items()):
        reason = str(entry.get("reason", ""))
        if entry.get("value") is None and not NO_LACK.search(reason):
            key = (address.split(".")[0], reason)
            waiting[key] = waiting.get(key, 0) + 1
    return [
        {
            "kind": ABSENT,
            "chapter": chapter,
            "what": reason,
            "statistic": n,
            "rule": "results that wait for it",
            "what follows": "what rests on it is not said",
        }
        for (chapter, reason), n in waiting.items()
    ]


def _from_caveats(evidence: Evidence) -> list[dict[str, object]]:
    return [
        {
            "kind": MADE_UP,
            "chapter": "data_collection",
            "what": f"{dataset}: {said}",
            "what follows": "what rests on these data shows the method and is no finding on "
            "real customers"
            if UNREAL.search(said)
            else "read what rests on these data with this note in mind",
        }
        for dataset, said in sorted(evidence.caveats.items())
        if said
    ]


def _from_tests(judged: pd.DataFrame | NotAvailable) -> list[dict[str, object]]:
    if isinstance(judged, NotAvailable):
        return []
    tested = int(judged["effect"].notna().sum())
    if tested < 2:
        return []
    lost = int((judged.get("survives", pd.Series(dtype=str)) == "no").sum())
    return [
        {
            "kind": SEVERAL,
            "chapter": "conclusions",
            "what": "several hypotheses were tested, each at 5%",
            "statistic": tested,
            "rule": "hypotheses with an estimate",
            "what follows": f"read the adjusted p-values; {lost} "
            f"{'verdict does' if lost == 1 else 'verdicts do'} not survive the adjustment",
        }
    ]
