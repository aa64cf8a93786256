"""Sentences of chapter 04, made from its results."""

from crmstudy.report.sentences.value.contractual import read_contractual
from crmstudy.report.sentences.value.lifecycle import read_lifecycle, read_survival
from crmstudy.report.sentences.value.lifetime import read_lifetime, read_parameter_intervals
from crmstudy.report.sentences.value.purchasing import read_purchasing
from crmstudy.report.sentences.value.reading import read_value
from crmstudy.report.sentences.value.recommendation import read_conversion_test, read_recommendation
from crmstudy.report.sentences.value.spend import read_spend
from crmstudy.report.sentences.value.validation import read_validation
from crmstudy.report.sentences.value.warning import read_warning
from crmstudy.report.sentences.value.worth import read_worth

__all__ = [
    "read_contractual",
    "read_conversion_test",
    "read_lifecycle",
    "read_lifetime",
    "read_parameter_intervals",
    "read_purchasing",
    "read_recommendation",
    "read_spend",
    "read_survival",
    "read_validation",
    "read_value",
    "read_warning",
    "read_worth",
]
