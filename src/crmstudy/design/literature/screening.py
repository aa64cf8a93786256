"""Who was screened out, why, and what is left: a flow whose counts must add up."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from crmstudy.collection.qualitative.kappa import Kappa, cohen_kappa
from crmstudy.design.literature.merging import MergedLibrary
from crmstudy.design.literature.publications import clean_doi
from crmstudy.errors import DataError, ModelError, NotAvailable, nearest, passes_absence

#: Title and abstract, then the whole text (Page et al. 2021).
STAGES = ("screening", "eligibility")
DECISIONS = ("include", "exclude")
#: Name under which two screeners who differed settle it.
CONSENSUS = "consensus"
COLUMNS = ["record", "stage", "decision", "reason", "screener"]


@dataclass(frozen=True)
class ScreeningFlow:
    """The numbers of a PRISMA flow diagram.

    Parameters
    ----------
    identified : dict of str to int
        Records of each source.
    duplicates : int
        Records taken out before screening.
    excluded : dict of str to dict of str to int
        For each stage the publications excluded by reason, the most frequent first.
    entered : dict of str to int
        Publications that entered each stage.
    included : int
        Publications left at the end.
    agreement : dict of str to Kappa or NotAvailable
        Of two screeners by stage, before they settled differences.
    decided : DataFrame
        title, year, stage, decision, reason: the last decision on each publication.
    """

    identified: dict[str, int]
    duplicates: int
    entered: dict[str, int]
    excluded: dict[str, dict[str, int]]
    included: int
    agreement: dict[str, Kappa | NotAvailable]
    decided: pd.DataFrame

    def table(self) -> pd.DataFrame:
        """Write the flow as rows: step, of which, records."""
        rows = [("identified", name, n) for name, n in self.identified.items()]
        rows.append(("taken out before screening", "duplicates", self.duplicates))
        names = {"screening": "titles and abstracts", "eligibility": "full texts"}
        for stage, n in self.entered.items():
            rows.append((f"{names[stage]} read", "", n))
            found = self.excluded[stage].items()
            rows += [(f"{names[stage]} excluded", reason, n) for reason, n in found]
        rows.append(("included", "", self.included))
        return pd.DataFrame(rows, columns=["step", "of which", "records"])

    def agreement_table(self) -> pd.DataFrame | NotAvailable:
        """Write the agreement of two screeners: stage, both read, agreed, kappa, interval."""
        rows = []
        for stage, one in self.agreement.items():
            if isinstance(one, NotAvailable):
                continue
            known = not isinstance(one.kappa, NotAvailable)
            bounds = one.interval if not isinstance(one.interval, NotAvailable) else None
            rows.append(
                {
                    "stage": stage,
                    "both read": one.n,
                    "share agreed": one.agreement,
                    "kappa": one.kappa if known else None,
                    "lower": bounds.lower if bounds else None,
                    "upper": bounds.upper if bounds else None,
                }
            )
        if not rows:
            return NotAvailable("no stage has two screeners who both decided")
        return pd.DataFrame(rows)

    def to_metrics(self) -> dict[str, float]:
        """Give the counts as plain numbers."""
        return {
            "records_identified": float(sum(self.identified.values())),
            "duplicates_removed": float(self.duplicates),
            "records_included": float(self.included),
        }


@passes_absence
def flow_screening(
    merged: MergedLibrary, decisions: pd.DataFrame | None = None, *, seed: int
) -> ScreeningFlow:
    """Follow every record from the search to its inclusion.

    Decisions stand in a file (record, stage, decision, reason, screener; a record is named
    by its key or DOI) or in the records' own field ``screening`` (.bib) or ``C1`` (.ris), as
    in ``screening: exclude: other subject``. Where two screeners differ, a row of the
    screener ``consensus`` settles it.

    Raises
    ------
    ModelError
        If no record has a decision.
    DataError
        If a row names no record or no known stage or decision, a publication has no decision
        or several that differ, an excluded full text has no reason, or counts do not add up.

    References
    ----------
    Page, M. J., et al. (2021). The PRISMA 2020 statement: An updated guideline for reporting
    systematic reviews. BMJ, 372, n71.
    """
    rows = _collect(merged, decisions)
    if rows.empty:
        raise ModelError(
            "no record has a decision of screening; give them in the file that literature: "
            "decisions names, or in the field screening (.bib) or C1 (.ris)"
        )
    settled = _settle(rows, merged)
    entered, excluded, decided = {}, {}, []
    left = list(range(len(merged.publications)))
    for stage in STAGES:
        of_stage = settled[settled["stage"] == stage].set_index("place")
        if of_stage.empty and stage == STAGES[1]:
            break
        _require_all(of_stage, left, stage, merged)
        entered[stage] = len(left)
        out = of_stage[of_stage["decision"] == "exclude"]
        excluded[stage] = _order(Counter(out["reason"].replace("", "no reason given")))
        decided.append(of_stage)
        left = [place for place in left if place not in out.index]
    flow = ScreeningFlow(
        identified=_count_sources(merged),
        duplicates=merged.n_duplicates,
        entered=entered,
        excluded=excluded,
        included=len(left),
        agreement={stage: _agree(rows, stage, seed) for stage in entered},
        decided=_list_decided(pd.concat(decided), merged),
    )
    _require_balance(flow)
    return flow


def _order(found: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _count_sources(merged: MergedLibrary) -> dict[str, int]:
    counts: dict[str, int] = {}
    for group in merged.members:
        for one in group:
            counts[one.source] = counts.get(one.source, 0) + 1
    return dict(sorted(counts.items()))


def _collect(merged: MergedLibrary, decisions: pd.DataFrame | None) -> pd.DataFrame:
    """Bring decisions of the file and of the records to one shape, with the publication's place."""
    rows: list[dict[str, object]] = []
    if decisions is not None:
        known = _names(merged)
        for number, said in enumerate(decisions.to_dict("records"), start=1):
            row = {name: str(said.get(name, "")).strip() for name in COLUMNS}
            rows.append({**row, "place": _find(row["record"], known, number)})
            _refuse_words(row, f"decisions, row {number} below the heading")
    for place, one in enumerate(merged.publications):
        for text in one.screening:
            rows.append(
                {**_parse(text, one.place), "record": one.key, "screener": "", "place": place}
            )
    return pd.DataFrame(rows, columns=[*COLUMNS, "place"])


def _names(merged: MergedLibrary) -> dict[str, set[int]]:
    known: dict[str, set[int]] = {}
    for place, group in enumerate(merged.members):
        for one in group:
            for name in filter(None, (one.key, one.doi)):
                known.setdefault(name.lower(), set()).add(place)
    return known


def _find(record: str, known: dict[str, set[int]], number: int) -> int:
    found = known.get(record.lower()) or known.get(clean_doi(record)) or set()
    if len(found) == 1:
        return next(iter(found))
    problem = "several publications have it" if found else "no record has it"
    raise DataError(
        f"decisions, row {number} below the heading: record {record!r}: {problem}; name a record "
        f"by its key or its DOI{nearest(record.lower(), known)}"
    )


def _parse(said: str, place: str) -> dict[str, str]:
    """Read ``stage: decision: reason``; without a stage it is the first one."""
    parts = [part.strip() for part in re.split("[:：]", said, maxsplit=2)]
    if parts[0].lower() not in STAGES:
        parts = [STAGES[0], *[part.strip() for part in re.split("[:：]", said, maxsplit=1)]]
    stage, decision, reason = [*parts, "", ""][:3]
    row = {"stage": stage.lower(), "decision": decision.lower(), "reason": reason}
    _refuse_words(row, place)
    return row


def _refuse_words(row: dict[str, str], place: str) -> None:
    for name, allowed in (("stage", STAGES), ("decision", DECISIONS)):
        if row[name] not in allowed:
            raise DataError(
                f"{place}: {name} {row[name]!r}; allowed are {' and '.join(allowed)}"
                f"{nearest(row[name], allowed)}"
            )
    if row["decision"] == "exclude" and row["stage"] == STAGES[1] and not row["reason"]:
        raise DataError(f"{place}: a full text is excluded without a reason; give one")


def _settle(rows: pd.DataFrame, merged: MergedLibrary) -> pd.DataFrame:
    """Keep one decision a publication and stage: the consensus, else what all said."""
    kept = []
    for named, said in rows.groupby(["place", "stage"], sort=True):
        place, stage = int(str(named[0])), str(named[1])
        agreed = said[said["screener"].str.lower() == CONSENSUS]
        final = agreed if len(agreed) else said
        if len(set(final["decision"])) > 1:
            raise DataError(
                f"{merged.publications[place].place}: the decisions of {stage} differ; add a row "
                f"with the screener {CONSENSUS}"
            )
        reasons = sorted(filter(None, final["reason"]))
        reason = reasons[0] if len(set(reasons)) == 1 else " or ".join(dict.fromkeys(reasons))
        decision = final["decision"].iloc[0]
        kept.append((place, stage, decision, reason if decision == "exclude" else ""))
    return pd.DataFrame(kept, columns=["place", "stage", "decision", "reason"])


def _require_all(
    of_stage: pd.DataFrame, left: Sequence[int], stage: str, merged: MergedLibrary
) -> None:
    lacking = [place for place in left if place not in of_stage.index]
    early = [place for place in of_stage.index if place not in left]
    if lacking:
        raise DataError(
            f"{merged.publications[lacking[0]].place}: no decision of {stage}"
            f"{_others(len(lacking))}; every publication that enters a stage needs one, or the "
            "counts of the flow do not add up"
        )
    if early:
        raise DataError(
            f"{merged.publications[early[0]].place}: a decision of {stage}, but the publication "
            f"was excluded before{_others(len(early))}; take out one of the two decisions"
        )


def _others(n: int) -> str:
    return f" ({n - 1} more like it)" if n > 1 else ""


def _agree(rows: pd.DataFrame, stage: str, seed: int) -> Kappa | NotAvailable:
    of_stage = rows[rows["stage"] == stage]
    named = sorted(set(of_stage["screener"]) - {""} - {CONSENSUS})
    if len(named) != 2:
        said = "no screener is named" if not named else f"screeners: {', '.join(named)}"
        return NotAvailable(f"kappa needs two named screeners of {stage} ({said})")
    mine = of_stage[of_stage["screener"].isin(named)]
    ratings = mine.pivot_table(
        index="place", columns="screener", values="decision", aggfunc="first"
    )
    try:
        return cohen_kappa(ratings, seed=seed, categories=list(DECISIONS))
    except ModelError as error:
        return NotAvailable(str(error))


def _list_decided(settled: pd.DataFrame, merged: MergedLibrary) -> pd.DataFrame:
    last = settled.groupby(level=0, sort=True).last()
    works = [merged.publications[place] for place in last.index]
    frame = pd.DataFrame({"title": [w.title for w in works], "year": [w.year for w in works]})
    return frame.assign(**{name: last[name].to_numpy() for name in ("stage", "decision", "reason")})


def _require_balance(flow: ScreeningFlow) -> None:
    """Compare what came in with what went out; a difference is an error of ours, not silent."""
    coming = sum(flow.identified.values())
    leaving = flow.duplicates + sum(sum(found.values()) for found in flow.excluded.values())
    if coming - leaving != flow.included:
        raise DataError(
            f"the flow does not add up: {coming} records, {leaving} taken out, "
            f"{flow.included} included"
        )
