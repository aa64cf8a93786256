"""What a record says of the person it is about, and how the same person is recorded again.

Nobody is real: names are drawn from short lists, e-mail addresses stand in the domains that
RFC 2606 reserves for examples, telephone numbers in the range 555-0100 to 555-0199 of every
area code, which the North American numbering plan keeps for fiction (80,000 numbers; a larger
firm uses them more than once).

References
----------
Eastlake, D. & Panitz, A. (1999). Reserved top level DNS names. RFC 2606.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from crmstudy.collection.simulate.draws import Integers, text_array
from crmstudy.collection.simulate.names import draw_names, miswrite
from crmstudy.collection.simulate.parameters import WINDOW_STARTS_ON, FirmParameters

DOMAINS = ("example.com", "example.org", "example.net")
_N_PHONES = 800 * 100  # area codes 200 to 999, and 100 numbers of each
_POSTCODES_A_REGION = 60
_N_REGIONS = 5


def draw_persons(
    rng: np.random.Generator,
    people: pd.DataFrame,
    firm: FirmParameters,
    *,
    first_number: int,
    mark: str = "",
) -> pd.DataFrame:
    """Draw name, e-mail address, telephone number, postcode and year of birth.

    Parameters
    ----------
    people : DataFrame
        ``chinese, sex, region, age, registered_day``.
    first_number : int
        Number of the first of them among all: part of the address, which makes it unique.
    mark : str
        Stands in the addresses of persons who are no customers, to keep the two apart.

    Returns
    -------
    DataFrame
        ``name, email, phone, postcode, birth_year``, all known.
    """
    size = len(people)
    number = first_number + np.arange(size)
    is_male = (people["sex"] == "male").to_numpy()
    name, plain = draw_names(rng, people["chinese"].to_numpy(), is_male)
    region = people["region"].cat.codes.to_numpy(dtype=np.int64)
    postcode = 10_000 * (region + 1) + 25 * rng.integers(0, _POSTCODES_A_REGION, size)
    days = people["registered_day"].to_numpy().astype("timedelta64[D]")
    year = (WINDOW_STARTS_ON + days).astype("datetime64[Y]").astype(int) + 1970
    return pd.DataFrame(
        {
            "name": text_array(name),
            "email": _write_emails(plain, rng.integers(0, len(DOMAINS), size), number, mark),
            "phone": _write_phones(rng.permutation(size) + first_number),
            "postcode": text_array(pc.cast(pa.array(postcode), pa.string())),
            "birth_year": (year - people["age"]).astype("Int64"),
        }
    )


def _write_emails(
    plain: pa.Array, domain: Integers, number: Integers, mark: str
) -> pd.api.extensions.ExtensionArray:
    digits = pc.cast(pa.array(number), pa.string())
    place = pa.array(DOMAINS).take(pa.array(domain))
    local = pc.binary_join_element_wise(plain, mark, digits, "")
    return text_array(pc.binary_join_element_wise(local, place, "@"))


def _write_other_emails(number: Integers, mark: str) -> pd.api.extensions.ExtensionArray:
    """Write addresses that say nothing of the name."""
    digits = pc.utf8_lpad(pc.cast(pa.array(number), pa.string()), 7, "0")
    return text_array(pc.binary_join_element_wise(mark, digits, "@" + DOMAINS[0], ""))


def _write_phones(number: Integers) -> pd.api.extensions.ExtensionArray:
    """Write telephone numbers of the range kept for fiction, all different while they last."""
    area, line = np.divmod(number * 7919 % _N_PHONES, 100)  # 7919 is prime: no number twice
    area_text = pc.cast(pa.array(200 + area), pa.string())
    line_text = pc.utf8_lpad(pc.cast(pa.array(line), pa.string()), 2, "0")
    phone = pc.binary_join_element_wise("+1 ", area_text, " 555 01", line_text, "")
    return text_array(phone)


def record_again(
    rng: np.random.Generator, persons: pd.DataFrame, firm: FirmParameters, *, mark: str
) -> pd.DataFrame:
    """Record persons a second time, as they are a while later, with mistakes and gaps.

    The name is written differently, e-mail address and telephone number are others,
    any of them but the name is missing, each with the firm's probability.

    Returns
    -------
    DataFrame
        As ``persons``, in the same order.
    """
    size = len(persons)
    again = persons.reset_index(drop=True).copy()
    names = again["name"].tolist()
    for place in np.flatnonzero(rng.random(size) < firm.person_typo_share):
        names[place] = miswrite(rng, names[place])
    again["name"] = pd.Series(names, dtype="str")
    moved = rng.random((2, size)) < firm.person_moved_share
    other_email = _write_other_emails(rng.integers(0, 10**7, size), mark)
    again["email"] = again["email"].mask(moved[0], pd.Series(other_email))
    other_phone = _write_phones(rng.integers(0, _N_PHONES, size))
    again["phone"] = again["phone"].mask(moved[1], pd.Series(other_phone))
    missing = rng.random((4, size)) < firm.person_blank_share
    for column, where in zip(("email", "phone", "postcode", "birth_year"), missing, strict=True):
        again[column] = again[column].mask(where)
    return again
