"""Chapter 05, satisfaction and loyalty: the structural equation model.

Specify (:func:`build_model`), estimate (:func:`fit_sem`), ask whether it can be trusted
(``result.checks``, ``result.fit``, :func:`assess_reliability`), read what came out
(``result.paths()``, :func:`trace_effects`).
"""

from crmstudy.loyalty.effects import Effects, trace_effects
from crmstudy.loyalty.estimate import fit_sem
from crmstudy.loyalty.fit import FitMeasures
from crmstudy.loyalty.named import (
    build_named_model,
    name_model,
    tabulate_instrument,
    tabulate_models,
)
from crmstudy.loyalty.reliability import Reliability, assess_reliability
from crmstudy.loyalty.result import SemResult
from crmstudy.loyalty.screen import ItemScreen, recode_reversed, screen_items
from crmstudy.loyalty.specify import Construct, Path, StructuralModel, build_model, write_semopy

__all__ = [
    "Construct",
    "Effects",
    "FitMeasures",
    "ItemScreen",
    "Path",
    "Reliability",
    "SemResult",
    "StructuralModel",
    "assess_reliability",
    "build_model",
    "build_named_model",
    "fit_sem",
    "name_model",
    "recode_reversed",
    "screen_items",
    "tabulate_instrument",
    "tabulate_models",
    "trace_effects",
    "write_semopy",
]
