"""What was said: codes counted, and codes that go together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from crmstudy.collection.fieldwork.intervals import require_choice, require_columns
from crmstudy.errors import ModelError, passes_absence

Together = Literal["coder", "either"]

#: A segment's name: segments are unique within their interview only.
SEGMENT = ["interview_id", "segment_id"]
CODING = [*SEGMENT, "coder", "code"]


@dataclass(frozen=True)
class CodeCounts:
    """How often each code was given.

    Parameters
    ----------
    codes : DataFrame
        One row a code, the most frequent first: ``code``, ``segments``, ``share_of_segments``,
        ``interviews``, ``share_of_interviews`` (a segment counts when any coder gave it the
        code).
    coders : DataFrame
        One row a coder and code: ``coder``, ``code``, ``segments``, ``share_of_read`` (of the
        segments that this coder read).
    n_segments, n_interviews, n_coders, n_uncoded : int
        Segments read by anyone; interviews; coders; segments that no code fits.
    """

    codes: pd.DataFrame
    coders: pd.DataFrame
    n_segments: int
    n_interviews: int
    n_coders: int
    n_uncoded: int

    def table(self) -> pd.DataFrame:
        """Arrange one row a code, with one column of segments a coder."""
        wide = self.coders.pivot_table(
            index="code", columns="coder", values="segments", aggfunc="first"
        )
        named = wide.rename(columns=lambda coder: f"segments by {coder}").reset_index()
        both = self.codes.merge(named, on="code", how="left", validate="one_to_one")
        return both.rename(columns=lambda name: str(name).replace("_", " "))

    def to_metrics(self) -> dict[str, float]:
        """Give the number of segments, interviews, coders and codes."""
        return {
            "interviews_n": self.n_interviews,
            "interviews_n_segments": self.n_segments,
            "interviews_n_coders": self.n_coders,
            "interviews_n_codes": len(self.codes),
            "interviews_n_uncoded": self.n_uncoded,
        }


@dataclass(frozen=True)
class Cooccurrence:
    """Which codes meet in the same segment.

    Parameters
    ----------
    pairs : DataFrame
        One row a pair that meets, the strongest first: ``code``, ``with_code``,
        ``segments_together``, ``segments_code``, ``segments_with_code``, ``jaccard`` (together
        over either), ``lift`` (together over what independent codes would give).
    matrix : DataFrame
        Segments together, codes by codes; the diagonal holds each code's own segments.
    together : str
        "coder": one and the same coder gave both; "either": any coders did.
    n_segments : int
        Segments read.
    """

    pairs: pd.DataFrame
    matrix: pd.DataFrame
    together: str
    n_segments: int

    def table(self) -> pd.DataFrame:
        """Arrange one row a pair of codes."""
        return self.pairs.rename(columns=lambda name: str(name).replace("_", " "))


@passes_absence
def count_codes(interviews: pd.DataFrame) -> CodeCounts:
    """Count the segments and interviews in which each code was given.

    Parameters
    ----------
    interviews : DataFrame
        Canonical interviews: one row a code given; an empty code says that the coder read
        the segment and no code fits.

    Raises
    ------
    DataError
        If a column of the contract is absent.
    ModelError
        If no code was given at all.
    """
    given = take_given(interviews)
    n_segments = len(interviews[SEGMENT].drop_duplicates())
    n_interviews = int(interviews["interview_id"].nunique())
    by_code = given.drop_duplicates([*SEGMENT, "code"]).groupby("code")
    codes = pd.DataFrame({"segments": by_code.size()})
    codes["share_of_segments"] = codes["segments"] / n_segments
    codes["interviews"] = by_code["interview_id"].nunique()
    codes["share_of_interviews"] = codes["interviews"] / n_interviews
    codes = codes.reset_index().sort_values(["segments", "code"], ascending=[False, True])
    return CodeCounts(
        codes=codes.reset_index(drop=True),
        coders=_count_by_coder(interviews, given, codes["code"].tolist()),
        n_segments=n_segments,
        n_interviews=n_interviews,
        n_coders=int(interviews["coder"].nunique()),
        n_uncoded=n_segments - len(given[SEGMENT].drop_duplicates()),
    )


def take_given(interviews: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows in which a code was given; refuse interviews without any."""
    require_columns(interviews, CODING, table="interviews")
    given = interviews.dropna(subset=["code"])
    if given.empty:
        raise ModelError("no segment of the interviews was given a code")
    return given


def _count_by_coder(
    interviews: pd.DataFrame, given: pd.DataFrame, codes: list[str]
) -> pd.DataFrame:
    read = interviews.drop_duplicates([*SEGMENT, "coder"]).groupby("coder").size()
    every = pd.MultiIndex.from_product([sorted(read.index), codes], names=["coder", "code"])
    once = given.drop_duplicates(CODING).groupby(["coder", "code"]).size()
    counts = once.reindex(every, fill_value=0).rename("segments").reset_index()
    counts["share_of_read"] = counts["segments"] / counts["coder"].map(read)
    return counts


@passes_absence
def cooccurrence(interviews: pd.DataFrame, *, together: Together = "coder") -> Cooccurrence:
    """Count the segments in which two codes were both given.

    Parameters
    ----------
    interviews : DataFrame
        Canonical interviews.
    together : {"coder", "either"}
        Whether one and the same coder must have given both, or any two may. What a code
        has alone (for Jaccard and lift) is counted by any coder in both cases.

    Raises
    ------
    SettingsError
        If ``together`` is another word.
    DataError, ModelError
        As :func:`count_codes`.
    """
    require_choice("together", together, get_args(Together))
    given = take_given(interviews)
    unit = [*SEGMENT, "coder"] if together == "coder" else SEGMENT
    codes = sorted(given["code"].unique())
    mark = _mark_units(given, SEGMENT, codes)
    own = mark.sum(axis=0)
    meeting = _count_meetings(given, unit, codes) if together == "coder" else mark.T @ mark
    np.fill_diagonal(meeting, own)
    n_segments = len(interviews[SEGMENT].drop_duplicates())
    return Cooccurrence(
        pairs=_list_pairs(codes, meeting, n_segments),
        matrix=pd.DataFrame(meeting, codes, codes).astype("int64"),
        together=together,
        n_segments=n_segments,
    )


def _mark_units(given: pd.DataFrame, unit: list[str], codes: list[str]) -> np.ndarray:
    """Mark which unit has which code, shape (n_units, n_codes)."""
    rows = given.groupby(unit, sort=True).ngroup().to_numpy()
    columns = pd.Categorical(given["code"], categories=codes).codes
    mark = np.zeros((int(rows.max()) + 1, len(codes)))
    mark[rows, columns] = 1
    return mark


def _count_meetings(given: pd.DataFrame, unit: list[str], codes: list[str]) -> np.ndarray:
    """Count segments in which one coder or more gave both codes."""
    pairs = given[[*unit, "code"]].merge(given[[*unit, "code"]], on=unit, suffixes=("", "_with"))
    once = pairs.drop_duplicates([*SEGMENT, "code", "code_with"])
    rows = pd.Categorical(once["code"], categories=codes).codes
    columns = pd.Categorical(once["code_with"], categories=codes).codes
    meeting = np.zeros((len(codes), len(codes)))
    np.add.at(meeting, (rows, columns), 1)
    return meeting


def _list_pairs(codes: list[str], meeting: np.ndarray, n_segments: int) -> pd.DataFrame:
    first, second = np.triu_indices(len(codes), k=1)
    both, own = meeting[first, second], np.diag(meeting)
    pairs = pd.DataFrame(
        {
            "code": [codes[i] for i in first],
            "with_code": [codes[i] for i in second],
            "segments_together": both.astype("int64"),
            "segments_code": own[first].astype("int64"),
            "segments_with_code": own[second].astype("int64"),
            "jaccard": both / (own[first] + own[second] - both),
            "lift": both * n_segments / (own[first] * own[second]),
        }
    )
    order = ["segments_together", "jaccard", "code", "with_code"]
    ranked = pairs.sort_values(order, ascending=[False, False, True, True])
    return ranked[ranked["segments_together"] > 0].reset_index(drop=True)
