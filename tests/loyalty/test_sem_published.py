"""Printed numbers of others, to half a unit of their last digit."""

import pytest

from crmstudy.loyalty import trace_effects
from crmstudy.loyalty.estimation import fit
from crmstudy.loyalty.measurement.coefficients import (
    average_variance_extracted,
    composite_reliability,
)

# Rosseel, Y. (2012). lavaan: An R Package for Structural Equation Modeling. Journal of
# Statistical Software, 48(2): output for the Holzinger & Swineford (1939) three-factor model.
CHI2, DF, CHI2_NULL, DF_NULL, N = 85.306, 24, 918.852, 36, 301


def printed(value):
    return pytest.approx(value, abs=0.0005000001)


def test_indices_from_printed_chi2():
    assert fit.cfi(CHI2, DF, CHI2_NULL, DF_NULL) == printed(0.931)
    assert fit.tli(CHI2, DF, CHI2_NULL, DF_NULL) == printed(0.896)
    assert fit.rmsea(CHI2, DF, N) == printed(0.092)
    assert fit.rmsea_interval(CHI2, DF, N) == (printed(0.071), printed(0.114))
    assert fit.close_fit_p(CHI2, DF, N) == printed(0.001)
    assert fit.aic(-3737.745, 21) == printed(7517.490)
    assert fit.bic(-3737.745, 21, N) == printed(7595.339)


def test_holzinger_as_printed(fitted):
    measures = fitted["cfa"].fit
    assert measures.chi2 == printed(CHI2)
    assert measures.chi2_null == printed(CHI2_NULL)
    assert (measures.df, measures.df_null, measures.n_used) == (DF, DF_NULL, N)
    assert measures.srmr == printed(0.065)
    assert measures.log_likelihood == printed(-3737.745)
    loadings = fitted["cfa"].loadings().set_index("item")
    for item, estimate, se in (
        ("x2", 0.554, 0.100),
        ("x3", 0.729, 0.109),
        ("x5", 1.113, 0.065),
        ("x6", 0.926, 0.055),
        ("x8", 1.180, 0.165),
        ("x9", 1.082, 0.151),
    ):
        assert loadings.loc[item, "estimate"] == printed(estimate)
        assert loadings.loc[item, "se"] == printed(se)


def test_political_democracy_as_printed(fitted):
    # Rosseel (2012), section 4: Bollen's (1989) industrialisation and democracy model.
    result = fitted["democracy"]
    assert result.fit.chi2 == printed(38.125)
    assert result.fit.p_value == printed(0.329)
    paths = result.paths().set_index(["source", "target"])
    for source, target, estimate, se in (
        ("ind60", "dem60", 1.483, 0.399),
        ("ind60", "dem65", 0.572, 0.221),
        ("dem60", "dem65", 0.837, 0.098),
    ):
        assert paths.loc[(source, target), "estimate"] == printed(estimate)
        assert paths.loc[(source, target), "se"] == printed(se)


def test_mobi_standardised_paths(fitted):
    # lavaan 0.6-14, as noted for this study before the code was written.
    standardised = fitted["admissible"].paths()["standardised"]
    assert list(standardised) == [printed(v) for v in (0.675, 0.750, 0.243, 0.801)]
    metrics = trace_effects(fitted["admissible"]).to_metrics()
    assert metrics["std_total_indirect_quality_loyalty"] == printed(0.732)
    assert metrics["total_indirect_quality_loyalty"] == printed(1.112)
    assert metrics["se_total_indirect_quality_loyalty"] == printed(0.149)


@pytest.mark.parametrize(
    ("loadings", "reliability", "extracted"),
    [
        # PubMed Central article PMC7385228, table 10, from loadings rounded to three digits
        ((0.858, 0.905, 0.888), 0.9146, 0.7812),
        ((0.850, 0.875, 0.851), 0.8939, 0.7374),
        ((0.815, 0.837, 0.845, 0.850), 0.9033, 0.7003),
        ((0.907, 0.919, 0.850), 0.9215, 0.7966),
    ],
)
def test_composite_reliability_and_variance_extracted(loadings, reliability, extracted):
    assert composite_reliability(loadings) == pytest.approx(reliability, abs=0.00015)
    assert average_variance_extracted(loadings) == pytest.approx(extracted, abs=0.0005)


def test_standardised_alpha_of_the_ecsi_scales(fitted):
    # SmartPLS 2.0.M3 and R seminr print alpha of the correlation matrix.
    from crmstudy.loyalty import assess_reliability

    alpha = assess_reliability(fitted["full"]).constructs.set_index("construct")[
        "standardised alpha"
    ]
    for construct, value in (
        ("image", 0.7228),
        ("expectation", 0.4519),
        ("quality", 0.8770),
        ("value", 0.8236),
        ("satisfaction", 0.7792),
        ("loyalty", 0.4724),
    ):
        assert alpha[construct] == pytest.approx(value, abs=0.00005)


def test_reliability_of_holzinger(fitted):
    # From lavaan's standardised loadings: other formulas give .6253 or .6120 for visual.
    from crmstudy.loyalty import assess_reliability

    table = assess_reliability(fitted["cfa"]).constructs.set_index("construct")
    rows = (
        ("visual", 0.6261, 0.6258, 0.3710),
        ("textual", 0.8827, 0.8850, 0.7195),
        ("speed", 0.6885, 0.6914, 0.4298),
    )
    for construct, alpha, composite, extracted in rows:
        assert table.loc[construct, "alpha"] == pytest.approx(alpha, abs=0.00005)
        assert table.loc[construct, "composite reliability"] == pytest.approx(
            composite, abs=0.00005
        )
        assert table.loc[construct, "average variance extracted"] == pytest.approx(
            extracted, abs=0.00005
        )


def test_limits_of_the_indices():
    assert fit.cfi(10, 24, 900, 36) == 1.0
    assert fit.cfi(20, 24, 30, 36) == 1.0  # neither model is worse than chance
    assert fit.rmsea(10, 24, 300) == 0.0
    assert fit.rmsea_interval(10, 24, 300)[0] == 0.0
    assert fit.rmsea_interval(5000, 24, 300)[0] < fit.rmsea(5000, 24, 300)
    assert fit.nfi(0, 900) == fit.ifi(24, 24, 900) == 1.0


def test_conventions_carry_their_source(fitted):
    table = fitted["admissible"].fit.table().set_index("index")
    assert (table.loc[table["met"] != "", "convention"] != "").all()
    assert table.loc["RMSEA", ["convention", "met", "source"]].tolist() == [
        "<= .06",
        "no",
        "Hu & Bentler (1999)",
    ]
    assert table.loc["SRMR", "met"] == "yes"
    assert table.loc["CFI", "met"] == "no"
    assert fitted["admissible"].fit.exact_fit.distribution == "chi2(73)"
