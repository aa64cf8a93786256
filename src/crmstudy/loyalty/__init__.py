"""Chapter 05, satisfaction and loyalty: survey, structural equation models, what they rest on."""

from typing import TYPE_CHECKING

from crmstudy.lazy import lazy_names

if TYPE_CHECKING:
    from crmstudy.loyalty.estimation.comparisons import (
        compare_errors,
        compare_missing,
        tabulate_paths,
    )
    from crmstudy.loyalty.estimation.estimate import fit_sem
    from crmstudy.loyalty.estimation.fit import FitMeasures
    from crmstudy.loyalty.estimation.result import SemResult
    from crmstudy.loyalty.estimation.robust_fit import measure_robust_fit
    from crmstudy.loyalty.invariance.advice import advise_partial
    from crmstudy.loyalty.invariance.groups import find_groups
    from crmstudy.loyalty.invariance.means import compare_latent_means
    from crmstudy.loyalty.invariance.paths import compare_paths
    from crmstudy.loyalty.invariance.steps import assess_invariance
    from crmstudy.loyalty.measurement.common_method import check_common_method
    from crmstudy.loyalty.measurement.constructs import build_measurement_model, choose_basis
    from crmstudy.loyalty.measurement.discriminant import tell_apart
    from crmstudy.loyalty.measurement.exploration import explore_constructs
    from crmstudy.loyalty.measurement.htmt import measure_htmt
    from crmstudy.loyalty.measurement.items import examine_items
    from crmstudy.loyalty.measurement.loadings import bound_loadings, compare_measurement
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
    from crmstudy.loyalty.moderation.curvature import bend_loyalty
    from crmstudy.loyalty.moderation.defectors import find_defectors
    from crmstudy.loyalty.moderation.moderators import moderate_loyalty
    from crmstudy.loyalty.moderation.repurchase import join_repurchase
    from crmstudy.loyalty.partial_least_squares.assess import assess_pls
    from crmstudy.loyalty.partial_least_squares.bootstrap import bootstrap_pls
    from crmstudy.loyalty.partial_least_squares.estimate import find_refused, fit_pls_of
    from crmstudy.loyalty.power.fit_tests import plan_fit_of, plan_fit_tests
    from crmstudy.loyalty.power.population import suppose_population, take_estimates
    from crmstudy.loyalty.power.simulation import plan_survey
    from crmstudy.loyalty.priorities.map import map_priorities
    from crmstudy.loyalty.questionnaire.experience import compare_experience
    from crmstudy.loyalty.questionnaire.missing import count_gaps
    from crmstudy.loyalty.questionnaire.normality import assess_normality
    from crmstudy.loyalty.questionnaire.reading import recode_reversed
    from crmstudy.loyalty.questionnaire.respondents import screen_respondents
    from crmstudy.loyalty.questionnaire.screen import ItemScreen, screen_items
    from crmstudy.loyalty.resampling.bootstrap import Bootstrap, bootstrap_model
    from crmstudy.loyalty.resampling.comparison import compare_bootstrap, compare_rules
    from crmstudy.loyalty.structure.effects import Effects, trace_effects
    from crmstudy.loyalty.structure.intervals import contrast_routes, tabulate_effects
    from crmstudy.loyalty.structure.mediation import judge_mediation
    from crmstudy.loyalty.structure.modification import suggest_modifications
    from crmstudy.loyalty.structure.residuals import examine_residuals
    from crmstudy.loyalty.structure.rivals import compare_models

_HOME = {
    "plan_fit_tests": "power.fit_tests",
    "suppose_population": "power.population",
    "Bootstrap": "resampling.bootstrap",
    "Construct": "model.specify",
    "Effects": "structure.effects",
    "FitMeasures": "estimation.fit",
    "ItemScreen": "questionnaire.screen",
    "Path": "model.specify",
    "Reliability": "measurement.reliability",
    "SemResult": "estimation.result",
    "StructuralModel": "model.specify",
    "advise_partial": "invariance.advice",
    "assess_invariance": "invariance.steps",
    "assess_normality": "questionnaire.normality",
    "assess_pls": "partial_least_squares.assess",
    "assess_reliability": "measurement.reliability",
    "bend_loyalty": "moderation.curvature",
    "bootstrap_model": "resampling.bootstrap",
    "bootstrap_pls": "partial_least_squares.bootstrap",
    "bound_loadings": "measurement.loadings",
    "build_measurement_model": "measurement.constructs",
    "build_model": "model.specify",
    "build_named_model": "model.named",
    "check_common_method": "measurement.common_method",
    "choose_basis": "measurement.constructs",
    "compare_bootstrap": "resampling.comparison",
    "compare_errors": "estimation.comparisons",
    "compare_experience": "questionnaire.experience",
    "compare_latent_means": "invariance.means",
    "compare_measurement": "measurement.loadings",
    "compare_missing": "estimation.comparisons",
    "compare_models": "structure.rivals",
    "compare_paths": "invariance.paths",
    "compare_rules": "resampling.comparison",
    "contrast_routes": "structure.intervals",
    "count_gaps": "questionnaire.missing",
    "examine_items": "measurement.items",
    "examine_residuals": "structure.residuals",
    "explore_constructs": "measurement.exploration",
    "find_defectors": "moderation.defectors",
    "find_groups": "invariance.groups",
    "find_refused": "partial_least_squares.estimate",
    "fit_pls_of": "partial_least_squares.estimate",
    "fit_sem": "estimation.estimate",
    "join_repurchase": "moderation.repurchase",
    "judge_mediation": "structure.mediation",
    "map_priorities": "priorities.map",
    "measure_htmt": "measurement.htmt",
    "measure_robust_fit": "estimation.robust_fit",
    "moderate_loyalty": "moderation.moderators",
    "name_model": "model.named",
    "plan_fit_of": "power.fit_tests",
    "plan_survey": "power.simulation",
    "recode_reversed": "questionnaire.reading",
    "screen_items": "questionnaire.screen",
    "screen_respondents": "questionnaire.respondents",
    "suggest_modifications": "structure.modification",
    "tabulate_effects": "structure.intervals",
    "tabulate_instrument": "model.named",
    "tabulate_models": "model.named",
    "tabulate_paths": "estimation.comparisons",
    "take_estimates": "power.population",
    "tell_apart": "measurement.discriminant",
    "trace_effects": "structure.effects",
    "write_semopy": "model.specify",
}

__all__ = [
    "Bootstrap",
    "Construct",
    "Effects",
    "FitMeasures",
    "ItemScreen",
    "Path",
    "Reliability",
    "SemResult",
    "StructuralModel",
    "advise_partial",
    "assess_invariance",
    "assess_normality",
    "assess_pls",
    "assess_reliability",
    "bend_loyalty",
    "bootstrap_model",
    "bootstrap_pls",
    "bound_loadings",
    "build_measurement_model",
    "build_model",
    "build_named_model",
    "check_common_method",
    "choose_basis",
    "compare_bootstrap",
    "compare_errors",
    "compare_experience",
    "compare_latent_means",
    "compare_measurement",
    "compare_missing",
    "compare_models",
    "compare_paths",
    "compare_rules",
    "contrast_routes",
    "count_gaps",
    "examine_items",
    "examine_residuals",
    "explore_constructs",
    "find_defectors",
    "find_groups",
    "find_refused",
    "fit_pls_of",
    "fit_sem",
    "join_repurchase",
    "judge_mediation",
    "map_priorities",
    "measure_htmt",
    "measure_robust_fit",
    "moderate_loyalty",
    "name_model",
    "plan_fit_of",
    "plan_fit_tests",
    "plan_survey",
    "recode_reversed",
    "screen_items",
    "screen_respondents",
    "suggest_modifications",
    "suppose_population",
    "tabulate_effects",
    "tabulate_instrument",
    "tabulate_models",
    "tabulate_paths",
    "take_estimates",
    "tell_apart",
    "trace_effects",
    "write_semopy",
]

__getattr__ = lazy_names(__name__, _HOME)
