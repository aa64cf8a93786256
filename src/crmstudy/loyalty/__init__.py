"""Chapter 05, satisfaction and loyalty: the structural equation study, in rooms of its own.

Specify (:func:`build_model`), estimate (:func:`fit_sem`), ask whether it can be trusted
(``result.checks``, ``result.fit``, :func:`assess_reliability`), read what came out
(``result.paths()``, :func:`trace_effects`).
"""

from typing import TYPE_CHECKING

from crmstudy.lazy import lazy_names

if TYPE_CHECKING:
    from crmstudy.loyalty.estimation.estimate import fit_sem
    from crmstudy.loyalty.estimation.fit import FitMeasures
    from crmstudy.loyalty.estimation.result import SemResult
    from crmstudy.loyalty.measurement.reliability import Reliability, assess_reliability
    from crmstudy.loyalty.model.named import (
        build_named_model,
        name_model,
        tabulate_instrument,
        tabulate_models,
    )
    from crmstudy.loyalty.model.specify import (
        Construct,
        Path,
        StructuralModel,
        build_model,
        write_semopy,
    )
    from crmstudy.loyalty.questionnaire.screen import ItemScreen, recode_reversed, screen_items
    from crmstudy.loyalty.structure.effects import Effects, trace_effects

_HOME = {
    "Construct": "model.specify",
    "Effects": "structure.effects",
    "FitMeasures": "estimation.fit",
    "ItemScreen": "questionnaire.screen",
    "Path": "model.specify",
    "Reliability": "measurement.reliability",
    "SemResult": "estimation.result",
    "StructuralModel": "model.specify",
    "assess_reliability": "measurement.reliability",
    "build_model": "model.specify",
    "build_named_model": "model.named",
    "fit_sem": "estimation.estimate",
    "name_model": "model.named",
    "recode_reversed": "questionnaire.screen",
    "screen_items": "questionnaire.screen",
    "tabulate_instrument": "model.named",
    "tabulate_models": "model.named",
    "trace_effects": "structure.effects",
    "write_semopy": "model.specify",
}

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

__getattr__ = lazy_names(__name__, _HOME)
