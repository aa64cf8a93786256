"""Effects with every interval in one table, and contrasts of parallel routes."""

from __future__ import annotations

import numpy as np
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.loyalty import trace_effects
from crmstudy.loyalty.resampling.bootstrap import bootstrap_model
from crmstudy.loyalty.structure.intervals import contrast_routes, tabulate_effects

LIMITS = [f"{kind} {end}" for kind in ("delta", "percentile", "BCa") for end in ("lower", "upper")]


@pytest.fixture(scope="module")
def result(fitted):
    return fitted["admissible"]


@pytest.fixture(scope="module")
def bootstrap(result):
    return bootstrap_model(result, n_draws=400, seed=20)


@pytest.fixture(scope="module")
def table(result, bootstrap):
    return tabulate_effects(trace_effects(result), bootstrap, model=result.model)


def test_published_effects_of_democracy(fitted):
    found = trace_effects(fitted["democracy"])
    table = tabulate_effects(found, None, model=fitted["democracy"].model, standardised=False)
    rows = table[(table["from"] == "ind60") & (table["to"] == "dem65")].set_index("effect")
    for effect, estimate, se in (("indirect", 1.242, 0.355), ("total", 1.814, 0.374)):
        assert rows.loc[effect, "estimate"] == pytest.approx(estimate, abs=5e-4)
        assert rows.loc[effect, "se"] == pytest.approx(se, abs=5e-4)
    assert rows.loc["indirect", "through"] == "dem60"
    assert "BCa lower" not in table


def test_indirect_effect_of_quality_on_loyalty(result, table):
    rows = table[(table["from"] == "Perceived quality") & (table["to"] == "loyalty")]
    total = rows.set_index("effect").loc["total indirect"]
    assert total["estimate"] == pytest.approx(0.732, abs=5e-4)
    raw = tabulate_effects(trace_effects(result), None, model=result.model, standardised=False)
    same = raw[(raw["from"] == "Perceived quality") & (raw["to"] == "loyalty")]
    total = same.set_index("effect").loc["total indirect"]
    assert total["estimate"] == pytest.approx(1.112, abs=5e-4)
    assert total["se"] == pytest.approx(0.149, abs=5e-4)


def test_every_interval_holds_its_estimate(table):
    assert list(table.columns[-6:]) == LIMITS
    for kind in ("delta", "percentile", "BCa"):
        assert (table[f"{kind} lower"] < table["estimate"]).all()
        assert (table["estimate"] < table[f"{kind} upper"]).all()


def test_totals_of_one_route_are_not_repeated(table):
    value = table[(table["from"] == "value") & (table["to"] == "satisfaction")]
    assert value["effect"].tolist() == ["direct"]
    value = table[(table["from"] == "value") & (table["to"] == "loyalty")]
    assert value["effect"].tolist() == ["indirect"]


def test_parts_add_up(table):
    for _, part in table.groupby(["from", "to"]):
        rows = part.groupby("effect")["estimate"].sum()
        if "total" in rows:
            parts = rows.get("direct", 0.0) + rows["indirect"]
            assert rows["total"] == pytest.approx(parts, rel=1e-12)


def test_contrast_is_the_difference_of_the_routes(result, bootstrap, table):
    contrasts = contrast_routes(result, bootstrap=bootstrap)
    [row] = contrasts.table().to_dict("records")
    rows = table[(table["from"] == "Perceived quality") & (table["to"] == "loyalty")]
    through = rows.set_index("through")["estimate"]
    expected = through[row["through"]] - through[row["or through"]]
    assert row["difference"] == pytest.approx(expected, rel=1e-12)
    assert row["BCa lower"] < row["difference"] < row["BCa upper"]
    assert row["larger"] == "satisfaction"
    assert contrasts.to_metrics() == {"n_pairs": 1, "n_told_apart": 1}


def test_delta_error_of_a_contrast_is_near_the_bootstraps(result, bootstrap):
    contrasts = contrast_routes(result)
    drawn = contrast_routes(result, bootstrap=bootstrap)
    assert contrasts.kind == "delta"
    reach = float(contrasts.upper[0] - contrasts.lower[0])
    wider = float(drawn.upper[0] - drawn.lower[0])
    assert 0.6 < reach / wider < 1.4


def test_absence_is_handed_on_but_a_missing_bootstrap_is_not(result, fitted):
    absent = NotAvailable("gaps")
    effects = trace_effects(result)
    alone = tabulate_effects(effects, absent, model=result.model)
    assert alone.columns[-1] == "delta upper"
    assert np.isfinite(contrast_routes(result, bootstrap=absent).lower).all()
    assert tabulate_effects(absent, None, model=result.model) is absent
    assert contrast_routes(absent) is absent
    assert "inadmissible" in contrast_routes(fitted["full"]).reason
    assert "no two routes" in contrast_routes(fitted["democracy"]).reason
