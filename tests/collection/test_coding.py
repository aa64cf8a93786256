import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crmstudy.collection.qualitative.coding import cooccurrence, count_codes
from crmstudy.collection.qualitative.joint import joint_display
from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError

# Interview I1: segment 1 by both coders, segment 2 by one; I2 repeats a segment's name.
ROWS = [
    ("I1", "1", "ann", "price", "C1"),
    ("I1", "1", "ann", "service", "C1"),
    ("I1", "1", "bob", "price", "C1"),
    ("I1", "1", "bob", "quality", "C1"),
    ("I1", "2", "ann", "service", "C1"),
    ("I2", "1", "ann", "price", "C2"),
    ("I2", "1", "bob", "价格", "C2"),
    ("I3", "1", "ann", None, None),
]
INTERVIEWS = pd.DataFrame(
    ROWS, columns=["interview_id", "segment_id", "coder", "code", "customer_id"]
)


def speak(*codes: str, customer: str, interview: str = "") -> pd.DataFrame:
    rows = [(interview or customer, str(i), "ann", c, customer) for i, c in enumerate(codes)]
    return pd.DataFrame(rows, columns=INTERVIEWS.columns)


def many(n: int = 30) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(2)
    talks = [speak("price" if i % 3 else "service", "all", customer=f"C{i:02}") for i in range(n)]
    numbers = pd.DataFrame(
        {"customer_id": [f"C{i:02}" for i in range(n)], "spend": rng.normal(100, 10, n)}
    )
    return pd.concat(talks, ignore_index=True), numbers


def test_codes_are_counted_by_segment_and_interview():
    found = count_codes(INTERVIEWS)
    table = found.codes.set_index("code")
    assert found.codes["code"].tolist() == ["price", "service", "quality", "价格"]
    assert table["segments"].to_dict() == {"price": 2, "service": 2, "quality": 1, "价格": 1}
    assert table["interviews"].to_dict() == {"price": 2, "service": 1, "quality": 1, "价格": 1}
    assert table.loc["price", "share_of_segments"] == 2 / 4
    assert table.loc["price", "share_of_interviews"] == 2 / 3
    assert (found.n_segments, found.n_interviews, found.n_coders, found.n_uncoded) == (4, 3, 2, 1)
    by_coder = found.coders.set_index(["coder", "code"])
    assert by_coder.loc[("ann", "price"), "segments"] == 2
    assert by_coder.loc[("ann", "price"), "share_of_read"] == 2 / 4
    assert by_coder.loc[("bob", "service"), "segments"] == 0
    assert by_coder.loc[("bob", "price"), "share_of_read"] == 1 / 2
    wide = found.table().set_index("code")
    assert wide.loc["price", "segments by bob"] == 1
    assert wide.loc["service", "segments by bob"] == 0
    assert wide.columns.tolist()[:2] == ["segments", "share of segments"]


def test_codes_meet_by_one_coder_or_by_any():
    same = cooccurrence(INTERVIEWS).pairs.set_index(["code", "with_code"])
    any_ = cooccurrence(INTERVIEWS, together="either").pairs.set_index(["code", "with_code"])
    # ann gave price and service, bob price and quality; service and quality meet across coders,
    # and so do price and 价格 in I2.
    assert set(same.index) == {("price", "service"), ("price", "quality")}
    across = {("quality", "service"), ("price", "价格")}
    assert set(any_.index) == set(same.index) | across
    row = same.loc[("price", "service")]
    assert row["segments_together"] == 1
    assert row["jaccard"] == 1 / 3
    assert row["lift"] == 1 * 4 / (2 * 2)
    matrix = cooccurrence(INTERVIEWS).matrix
    assert matrix.loc["price", "price"] == 2
    assert matrix.loc["service", "price"] == matrix.loc["price", "service"] == 1
    assert cooccurrence(INTERVIEWS, together="either").matrix.loc["service", "quality"] == 1


@pytest.mark.parametrize("together", ["coder", "either"])
def test_cooccurrence_is_that_of_a_plain_count(together):
    rng = np.random.default_rng(1)
    rows = [
        (f"I{s % 5}", f"S{s}", coder, c, None)
        for s, coder, c in itertools.product(range(40), ("a", "b", "c"), "uvwxyz")
        if rng.random() < 0.3
    ]
    frame = pd.DataFrame(rows, columns=INTERVIEWS.columns)
    matrix = cooccurrence(frame, together=together).matrix
    segments: dict[str, list[set[str]]] = {}
    for (segment, _), part in frame.groupby(["segment_id", "coder"]):
        segments.setdefault(segment, []).append(set(part["code"]))
    for x, y in itertools.combinations("uvwxyz", 2):
        pooled = {s: [set().union(*sets)] for s, sets in segments.items()}
        looked_at = segments if together == "coder" else pooled
        expected = sum(any({x, y} <= own for own in sets) for sets in looked_at.values())
        assert matrix.loc[x, y] == expected
    assert matrix.equals(matrix.T)
    shuffled = frame.sample(frac=1, random_state=1).reset_index(drop=True)
    assert cooccurrence(shuffled, together=together).pairs.equals(
        cooccurrence(frame, together=together).pairs
    )


def test_a_row_given_twice_counts_once():
    twice = pd.concat([INTERVIEWS, INTERVIEWS])
    assert count_codes(twice).codes.equals(count_codes(INTERVIEWS).codes)
    assert count_codes(twice).coders.equals(count_codes(INTERVIEWS).coders)
    assert cooccurrence(twice).matrix.equals(cooccurrence(INTERVIEWS).matrix)


def test_codes_stand_beside_numbers():
    interviews, numbers = many()
    found = joint_display(interviews, numbers, columns=["spend"])
    row = found.rows.set_index("code").loc["service"]
    spend = numbers["spend"].to_numpy()
    has = np.arange(30) % 3 == 0
    assert (row["n_with"], row["n_without"]) == (10, 20)
    assert row["mean_with"] == pytest.approx(spend[has].mean())
    assert row["mean_without"] == pytest.approx(spend[~has].mean())
    welch = stats.ttest_ind(spend[has], spend[~has], equal_var=False).confidence_interval()
    assert (row["lower"], row["upper"]) == pytest.approx((welch.low, welch.high))
    one = stats.t.interval(0.95, 9, spend[has].mean(), stats.sem(spend[has]))
    assert (row["lower_with"], row["upper_with"]) == pytest.approx(one)
    assert row["note"] == ""
    # Everybody has "all": nothing to compare, and it is said.
    whole = found.rows.set_index("code").loc["all"]
    assert whole["n_without"] == 0
    assert np.isnan(whole["difference"])
    assert "every customer has the code" in whole["note"]
    assert found.n_customers == 30


def test_small_numbers_are_called_illustration():
    interviews, numbers = many(9)
    rows = joint_display(interviews, numbers, columns=["spend"]).rows.set_index("code")
    assert rows.loc["service", "note"] == "fewer than 10 customers on a side: an illustration"
    lonely = pd.concat([speak("x", customer="C1"), speak("y", customer="C2")])
    numbers = pd.DataFrame({"spend": [1.0, 2.0]}, index=pd.Index(["C1", "C2"], name="customer_id"))
    rows = joint_display(lonely, numbers, columns=["spend"]).rows.set_index("code")
    assert rows.loc["x", "difference"] == -1
    assert np.isnan(rows.loc["x", "lower"])
    assert "no interval" in rows.loc["x", "note"]


def test_customers_who_cannot_be_linked_are_counted():
    interviews, numbers = many()
    nameless = speak("price", customer="?", interview="F1").assign(customer_id=None)
    unknown = speak("price", customer="C99")
    found = joint_display(
        pd.concat([interviews, nameless, unknown]), numbers.iloc[:20], columns=["spend"]
    )
    assert (found.n_customers, found.n_unlinked, found.n_anonymous) == (20, 11, 1)
    missing = numbers.assign(spend=numbers["spend"].where(numbers.index != 0))
    row = joint_display(interviews, missing, columns=["spend"]).rows.set_index("code")
    assert row.loc["service", "n_with"] == 9


def test_one_customer_in_several_interviews_is_one_case():
    # A focus group and an interview of the same person.
    talks = pd.concat(
        [speak("x", customer="C1"), speak("y", customer="C1", interview="F1")]
        + [speak("y", customer=f"D{i}") for i in range(3)]
    )
    numbers = pd.DataFrame({"customer_id": ["C1", "D0", "D1", "D2"], "spend": [1.0, 2, 3, 4]})
    rows = joint_display(talks, numbers, columns=["spend"]).rows.set_index("code")
    assert rows.loc["x", ["n_with", "n_without"]].tolist() == [1, 3]
    assert rows.loc["y", ["n_with", "n_without"]].tolist() == [4, 0]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda i, n: count_codes(i.drop(columns="code")), DataError, "no column 'code'"),
        (lambda i, n: count_codes(i.assign(code=None)), ModelError, "no segment of the interviews"),
        (lambda i, n: cooccurrence(i, together="coders"), SettingsError, "did you mean 'coder'"),
        (lambda i, n: joint_display(i, n, columns=["spent"]), DataError, "did you mean 'spend'"),
        (
            lambda i, n: joint_display(i, pd.concat([n, n]), columns=["spend"]),
            DataError,
            "customer 'C00' stands in 2 rows; give one row a customer",
        ),
        (
            lambda i, n: joint_display(i, n.astype({"spend": "str"}), columns=["spend"]),
            DataError,
            "'spend' is str, not a number",
        ),
        (
            lambda i, n: joint_display(
                i, n.assign(customer_id="Z" + n.index.map(str)), columns=["spend"]
            ),
            ModelError,
            "no customer interviewed is found",
        ),
        (
            lambda i, n: joint_display(i.drop(columns="customer_id"), n, columns=["spend"]),
            ModelError,
            "do not say which customer",
        ),
    ],
)
def test_what_cannot_be_counted_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(*many())


def test_absence_passes_through():
    absent = NotAvailable("the study has no table interviews")
    assert count_codes(absent) is absent
    assert cooccurrence(absent) is absent
    assert joint_display(INTERVIEWS, absent, columns=["spend"]) is absent
