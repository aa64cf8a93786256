"""The simulated staff's true paths lie in the intervals of chapter 05's engine."""

import numpy as np
import pytest

from crmstudy import loyalty
from crmstudy.collection.simulate.parameters import FirmParameters
from crmstudy.collection.simulate.staff import STAFF_INSTRUMENT, draw_staff_survey, staff_paths
from crmstudy.instrument import Instrument

N_SURVEYS = 40
LABELS = {
    "Perceived ease of use": "ease",
    "Perceived usefulness": "usefulness",
    "Resistance to the system": "resistance",
}


def test_true_paths_are_covered():
    spec = Instrument.model_validate(STAFF_INSTRUMENT).model_dump()
    model = loyalty.build_named_model(spec, "", position=0)
    firm = FirmParameters()
    truth = staff_paths(firm)
    errors, covered = [], []
    for seed in range(N_SURVEYS):
        fit = loyalty.fit_sem(draw_staff_survey(np.random.default_rng(seed), firm), model=model)
        for row in loyalty.tabulate_paths(fit, level=0.95).to_dict("records"):
            true = truth[LABELS[row["from"]], LABELS[row["to"]]]
            errors.append(row["standardised"] - true)
            covered.append(abs(errors[-1]) < 1.96 * row["standardised se"])
    assert np.mean(errors) == pytest.approx(0, abs=3 * np.std(errors) / len(errors) ** 0.5)
    # Three paths of one survey go together: the error of the share counts surveys.
    assert np.mean(covered) == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / N_SURVEYS))
