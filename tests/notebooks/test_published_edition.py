"""The committed open edition: whole, and in it the numbers that others published."""

import json
from pathlib import Path

import pytest

from crmstudy.report.readme import insert_findings, read_findings
from crmstudy.runner.notebooks import read_chapters

ROOT = Path(__file__).resolve().parents[2]
REPORTS = ROOT / "reports" / "open"
RESULTS = json.loads((REPORTS / "results.json").read_text(encoding="utf-8"))

#: address, published number, half a unit of its last printed digit, source
PUBLISHED = [
    ("customer_value.cdnow.bg_nbd.r", 0.243, 5e-4, "Fader, Hardie & Lee (2005), Table 2"),
    ("customer_value.cdnow.bg_nbd.alpha", 4.414, 5e-4, "Fader, Hardie & Lee (2005)"),
    ("customer_value.cdnow.bg_nbd.a", 0.793, 5e-4, "Fader, Hardie & Lee (2005)"),
    ("customer_value.cdnow.bg_nbd.b", 2.426, 5e-4, "Fader, Hardie & Lee (2005)"),
    ("customer_value.cdnow.bg_nbd.log_likelihood", -9582.4, 0.05, "Fader, Hardie & Lee (2005)"),
    ("customer_value.cdnow.pareto_nbd.r", 0.553, 5e-4, "Fader, Hardie & Lee (2005)"),
    ("customer_value.cdnow.pareto_nbd.alpha", 10.578, 5e-4, "Fader, Hardie & Lee (2005)"),
    ("customer_value.cdnow.pareto_nbd.s", 0.606, 5e-4, "Fader, Hardie & Lee (2005)"),
    ("customer_value.cdnow.pareto_nbd.beta", 11.669, 5e-4, "Fader, Hardie & Lee (2005)"),
    ("customer_value.cdnow.mbg_nbd.r", 0.525, 5e-4, "BTYDplus, quoted by the tests of lifetimes"),
    ("customer_value.cdnow.mbg_nbd.alpha", 6.183, 5e-4, "BTYDplus, quoted by lifetimes"),
    ("customer_value.cdnow.mbg_nbd.a", 0.891, 5e-4, "BTYDplus, quoted by lifetimes"),
    ("customer_value.cdnow.mbg_nbd.b", 1.614, 5e-4, "BTYDplus, quoted by lifetimes"),
    ("customer_value.cdnow.pareto_nbd.log_likelihood", -9595.0, 0.05, "Fader et al. (2005)"),
    ("customer_value.cdnow.gamma_gamma.p", 6.25, 5e-3, "Fader & Hardie (2013), note 025"),
    ("customer_value.cdnow.gamma_gamma.q", 3.74, 5e-3, "Fader & Hardie (2013), note 025"),
    ("customer_value.cdnow.gamma_gamma.v", 15.44, 5e-3, "Fader & Hardie (2013), note 025"),
    ("satisfaction_loyalty.mobi.admissible.chi2", 174.532, 5e-4, "lavaan 0.6-14"),
    ("satisfaction_loyalty.mobi.admissible.df", 73, 0, "lavaan 0.6-14"),
    ("satisfaction_loyalty.mobi.admissible.cfi", 0.944, 5e-4, "lavaan 0.6-14"),
    ("satisfaction_loyalty.mobi.admissible.tli", 0.930, 5e-4, "lavaan 0.6-14"),
    ("satisfaction_loyalty.mobi.admissible.rmsea", 0.075, 5e-4, "lavaan 0.6-14"),
    ("satisfaction_loyalty.mobi.admissible.srmr", 0.046, 5e-4, "lavaan 0.6-14"),
    ("satisfaction_loyalty.mobi.admissible.aic", 12298.612, 5e-4, "lavaan 0.6-14"),
    (
        "satisfaction_loyalty.mobi.admissible.std_satisfaction_loyalty",
        0.801,
        5e-4,
        "lavaan 0.6-14",
    ),
    *(
        (f"satisfaction_loyalty.mobi.admissible_{name}", number, 5e-4, source)
        for name, number, source in (
            ("effects.std_total_indirect_quality_loyalty", 0.732, "lavaan 0.6-14"),
            ("robust.yuan_bentler_chi2", 124.417, "lavaan 0.6-14, MLR"),
            ("robust.yuan_bentler_cfi", 0.959, "lavaan 0.6-14, MLR"),
            ("robust.yuan_bentler_rmsea", 0.063, "lavaan 0.6-14, MLR"),
        )
    ),
    *(
        (f"satisfaction_loyalty.mobi.admissible_htmt.htmt_{pair}", number, 5e-5, "seminr")
        for pair, number in (
            ("image_expectation", 0.8880),
            ("image_quality", 0.9287),
            ("quality_satisfaction", 0.9536),
            ("satisfaction_loyalty", 0.9566),
        )
    ),
    *(
        (f"satisfaction_loyalty.mobi.composites.pls_{path}", number, 5e-7, "SmartPLS, R seminr")
        for path, number in (
            ("image_expectation", 0.504914),
            ("quality_satisfaction", 0.512024),
            ("satisfaction_loyalty", 0.485478),
            ("r2_satisfaction", 0.681078),
            ("r2_loyalty", 0.456944),
        )
    ),
    ("data_collection.completejourney.ledger.customers", 2469, 0, "R package completejourney"),
    ("data_collection.completejourney.ledger.purchases", 155848, 0, "R package completejourney"),
    ("data_collection.completejourney.ledger.revenue", 4596039.58, 5e-3, "R package"),
    ("data_collection.cdnow.ledger.customers", 2357, 0, "Fader, Hardie & Lee (2005)"),
]


@pytest.mark.parametrize(("address", "number", "half_a_unit", "source"), PUBLISHED)
def test_published_numbers_are_reached(address, number, half_a_unit, source):
    assert abs(RESULTS[address]["value"] - number) <= half_a_unit, source


def test_the_full_model_is_refused_in_print():
    assert RESULTS["satisfaction_loyalty.mobi.full_rival.admissible"]["value"] == 0
    assert "satisfaction_loyalty.mobi.full_rival.cfi" not in RESULTS


def test_the_edition_is_whole():
    manifest = json.loads((REPORTS / "manifest.json").read_text(encoding="utf-8"))
    chapters = read_chapters(ROOT / "notebooks")
    assert manifest["complete"] is True
    assert set(manifest["chapters"]) == set(chapters)
    for chapter in manifest["chapters"].values():
        for path in chapter["outputs"]:
            assert (REPORTS / path).is_file()


def test_every_number_has_an_address_a_unit_and_a_tolerance():
    for name, entry in RESULTS.items():
        assert name.count(".") == 3
        assert entry["value"] is None or entry["tolerance"] >= 0
        assert isinstance(entry["unit"], str)
    assert list(RESULTS) == sorted(RESULTS)


def test_the_readme_repeats_what_the_edition_found():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme == insert_findings(readme, read_findings(ROOT))


@pytest.mark.parametrize("file", sorted((REPORTS).glob("*.ipynb")), ids=lambda file: file.stem)
def test_executed_notebooks_are_those_in_the_tree(file):
    executed = json.loads(file.read_text(encoding="utf-8"))["cells"]
    source = json.loads((ROOT / "notebooks" / file.name).read_text(encoding="utf-8"))["cells"]
    kept = [c for c in executed if "injected-parameters" not in c["metadata"].get("tags", [])]
    assert ["".join(c["source"]) for c in kept] == ["".join(c["source"]) for c in source]
    assert not [o for c in kept for o in c.get("outputs", []) if o["output_type"] == "error"]
    assert not [o for c in kept for o in c.get("outputs", []) if o.get("name") == "stderr"]
