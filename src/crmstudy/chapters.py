"""The gates of the chapters: every parameter's type and range in one place.

A notebook passes its parameters through its gate before anything else; the runner
does the same before a kernel is started. Names are those of the parameters cell.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from crmstudy.errors import SettingsError, nearest


def _iso_date(value: str) -> str:
    rule = "must be a date such as 1997-09-30, or empty"
    if value and not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError(rule)
    try:
        dt.date.fromisoformat(value or "1997-09-30")
    except ValueError:
        raise ValueError(rule) from None
    return value


IsoDate = Annotated[str, AfterValidator(_iso_date)]


def _not_one(value: int) -> int:
    if value == 1:
        raise ValueError("must be 0 (choose) or 2 and more: one segment is all customers")
    return value


def _read_numbers(text: str, rule: str) -> list[float]:
    try:
        numbers = [float(word) for word in text.split()]
    except ValueError:
        raise ValueError(rule) from None
    if not all(math.isfinite(number) for number in numbers):
        raise ValueError(rule)
    return numbers


def _rfm_cuts(value: str) -> str:
    rule = (
        "must be empty or three lists of 1 to 9 rising numbers, equally many in each, parted by "
        "semicolons, for days, purchases and revenue, such as '30 90 180; 2 4 8; 50 100 200'"
    )
    lists = [_read_numbers(part, rule) for part in value.split(";")]
    lengths = {len(numbers) for numbers in lists}
    alike = len(lists) == 3 and len(lengths) == 1 and lengths <= set(range(1, 10))
    rising = all(low < high for numbers in lists for low, high in pairwise(numbers))
    if value.strip() and not (alike and rising):
        raise ValueError(rule)
    return value


def _rfm_weights(value: str) -> str:
    rule = (
        "must be three numbers parted by spaces, none negative and not all 0, for recency, "
        "frequency and money, such as '3 2 1'"
    )
    weights = _read_numbers(value, rule)
    if len(weights) != 3 or min(weights) < 0 or max(weights) == 0:
        raise ValueError(rule)
    return value


class ChapterSettings(BaseModel):
    """Parameters that every chapter has.

    ``DATASET`` names one of the study's data sets; empty means the first that has
    the tables the chapter needs.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
    chapter: ClassVar[str]
    number: ClassVar[int]

    STUDY: str = Field(min_length=1)
    DATASET: str = ""


class ResearchDesign(ChapterSettings):
    """Parameters of chapter 00."""

    chapter: ClassVar[str] = "research_design"
    number: ClassVar[int] = 0

    ALPHA: float = Field(gt=0, lt=0.5)
    POWER: float = Field(gt=0.5, lt=1)
    DIFFERENCE: float = Field(gt=0, le=3)
    N_GROUPS: int = Field(ge=3, le=50)
    BASE_RATE: float = Field(gt=0, lt=1)
    LIFT: float = Field(gt=0, le=5)
    PRE_CORRELATION: float = Field(ge=0, lt=1)
    MODEL: str
    PRECISION: float = Field(gt=0, lt=1)
    N_REPLICATES: int = Field(ge=20, le=10_000)


class DataCollection(ChapterSettings):
    """Parameters of chapter 01."""

    chapter: ClassVar[str] = "data_collection"
    number: ClassVar[int] = 1

    COHORT: Literal["week", "month", "quarter"]
    N_DRAWS: int = Field(ge=100, le=100_000)


class CustomerAnalysis(ChapterSettings):
    """Parameters of chapter 02."""

    chapter: ClassVar[str] = "customer_analysis"
    number: ClassVar[int] = 2

    OUTCOME: Literal["revenue", "n_purchases", "mean_basket", "days_since_last_purchase"]
    GROUP: str
    MIN_GROUP: int = Field(ge=2)


class Segmentation(ChapterSettings):
    """Parameters of chapter 03."""

    chapter: ClassVar[str] = "segmentation"
    number: ClassVar[int] = 3

    N_BINS: int = Field(ge=2, le=10)
    RFM_CUTS: Annotated[str, AfterValidator(_rfm_cuts)]
    RFM_WEIGHTS: Annotated[str, AfterValidator(_rfm_weights)]
    N_WINDOWS: int = Field(ge=2, le=12)
    N_SEGMENTS: Annotated[int, AfterValidator(_not_one)] = Field(ge=0, le=12)
    N_REPLICATES: int = Field(ge=2, le=1000)
    CUT_SHARE: float = Field(ge=0.1, le=0.9)
    HORIZON_WEEKS: float = Field(gt=0, le=520)
    ANNUAL_DISCOUNT_RATE: float = Field(ge=0, lt=1)
    MARGIN_SHARE: float = Field(gt=0, le=1)
    CONTACT_COST: float = Field(gt=0)
    BUDGET_SHARE: float = Field(ge=0, le=5)


class CustomerValue(ChapterSettings):
    """Parameters of chapter 04."""

    chapter: ClassVar[str] = "customer_value"
    number: ClassVar[int] = 4

    SHOP_DATASET: str
    CALIBRATION_END: IsoDate
    HORIZON_WEEKS: float = Field(gt=0, le=520)
    ANNUAL_DISCOUNT_RATE: float = Field(ge=0, lt=1)
    MARGIN: float = Field(gt=0, le=1)
    N_REPLICATES: int = Field(ge=20, le=10000)
    STAGE_PERIOD: Literal["month", "quarter"]
    LAPSE_WEEKS: int = Field(ge=0, le=104)
    WARNING_WEEKS: int = Field(ge=0, le=52)
    CONTACT_COST: float = Field(ge=0)
    RESCUE_SHARE: float = Field(gt=0, le=1)
    TOP_K: int = Field(ge=1, le=50)
    CLAIMED_UPLIFT: float = Field(gt=0, le=5)


class SatisfactionLoyalty(ChapterSettings):
    """Parameters of chapter 05."""

    chapter: ClassVar[str] = "satisfaction_loyalty"
    number: ClassVar[int] = 5

    MODEL: str
    RIVAL: str
    CONFIDENCE: float = Field(gt=0.5, lt=1)
    MISSING: Literal["listwise", "fiml"]
    DIVISOR: Literal["n", "n-1"]
    N_BOOTSTRAP: int = Field(ge=100, le=100_000)
    GROUP: str
    SATISFIED_FROM: float = Field(gt=0, le=100)
    LOYAL_UNTIL: float = Field(ge=0, lt=100)
    REPURCHASE_WEEKS: int = Field(ge=1, le=104)
    POWER: float = Field(gt=0.5, lt=1)
    N_POWER_DRAWS: int = Field(ge=20, le=10_000)


class PerformanceEvaluation(ChapterSettings):
    """Parameters of chapter 06."""

    chapter: ClassVar[str] = "performance_evaluation"
    number: ClassVar[int] = 6

    UNITS_DATASET: str
    UNIT: str = Field(min_length=1)
    HORIZON_WEEKS: float = Field(gt=0, le=520)
    ANNUAL_DISCOUNT_RATE: float = Field(ge=0, lt=1)
    PRIORITY: Literal["eigenvector", "geometric_mean", "column_mean"]
    AGGREGATION: Literal["judgements", "priorities"]
    RANDOM_INDEX: Literal["saaty_1980", "saaty_2005"]
    COMBINATION: Literal["experts", "additive", "multiplicative", "game-theoretic"]
    OPERATOR: Literal["min-max", "product-max", "min-sum", "product-sum"]
    SHAPE: Literal["triangular", "trapezoidal", "gaussian"]
    JUDGEMENT_NOISE: float = Field(ge=0, le=2)
    CONFIDENCE: float = Field(gt=0.5, lt=1)
    N_DRAWS: int = Field(ge=100, le=1_000_000)


class CaseStudy(ChapterSettings):
    """Parameters of chapter 07."""

    chapter: ClassVar[str] = "case_study"
    number: ClassVar[int] = 7

    CAMPAIGN_ID: str
    CHANGED_ON: IsoDate
    OUTCOME: Literal["revenue", "n_purchases"]
    N_PERIODS: int = Field(ge=2, le=24)
    SEGMENT: str
    COMPARISON: Literal["weighting", "matching"]
    CALIPER: float = Field(gt=0, le=5)
    UNIT: Literal["year", "half", "quarter"]
    OPERATOR: Literal["min-max", "product-max", "min-sum", "product-sum"]
    JUDGEMENT_NOISE: float = Field(ge=0, le=2)
    CONFIDENCE: float = Field(gt=0.5, lt=1)
    N_DRAWS: int = Field(ge=100, le=1_000_000)


class Conclusions(ChapterSettings):
    """Parameters of chapter 08."""

    chapter: ClassVar[str] = "conclusions"
    number: ClassVar[int] = 8

    MULTIPLICITY: Literal["holm", "benjamini-hochberg"]
    POWER: float = Field(gt=0.5, lt=1)


GATES: dict[str, type[ChapterSettings]] = {
    gate.chapter: gate
    for gate in (
        ResearchDesign,
        DataCollection,
        CustomerAnalysis,
        Segmentation,
        CustomerValue,
        SatisfactionLoyalty,
        PerformanceEvaluation,
        CaseStudy,
        Conclusions,
    )
}


#: Rows that a chapter's table of verdicts holds; chapter 05 has more, by the study's models.
VERDICTS: dict[str, tuple[str, ...]] = {
    "customer_analysis": ("group_difference",),
    "customer_value": ("concentration",),
    "satisfaction_loyalty": (
        "gap_expectation",
        "satisfaction_curvature",
        "satisfied_defectors",
        "satisfaction_repurchase",
    ),
    "case_study": ("campaign_effect",),
}


def check_parameters(chapter: str, **parameters: Any) -> ChapterSettings:
    """Pass a chapter's parameters through its gate.

    Parameters
    ----------
    chapter : str
        Name of the chapter, for instance ``"segmentation"``.
    **parameters
        Every parameter of its parameters cell, by name.

    Raises
    ------
    SettingsError
        Naming each parameter, the value found and the rule it breaks.
    """
    if chapter not in GATES:
        raise SettingsError(f"unknown chapter {chapter!r}{nearest(chapter, GATES)}")
    try:
        return GATES[chapter].model_validate(parameters)
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            name = str(problem["loc"][0])
            rule = problem["msg"].removeprefix("Value error, ")
            if problem["type"] == "missing":
                lines.append(f"{name} is missing")
            elif problem["type"] == "extra_forbidden":
                lines.append(f"{name} is unknown{nearest(name, GATES[chapter].model_fields)}")
            else:
                lines.append(f"{name} = {problem['input']!r}: {rule}")
        raise SettingsError(f"chapter {chapter}: " + "; ".join(lines)) from None
