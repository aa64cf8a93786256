"""What a contract is made of: columns, their rules, and the columns that several tables share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["id", "text", "number", "integer", "date", "boolean"]

#: What a column says about a person: nothing; a direct identifier; a pseudonym (an id
#: of ours); part of a combination that may single somebody out; something a person
#: would not want known; free words that may hold any of these.
Privacy = Literal["none", "direct", "pseudonym", "quasi", "sensitive", "words"]

#: The five channels through which a firm learns of its customers.
Channel = Literal["interaction", "sales", "research", "web", "public"]


@dataclass(frozen=True)
class Column:
    """One column of a canonical table.

    Parameters
    ----------
    kind : str
        How its text is read: id, text, number, integer, date or boolean.
    meaning : str
        What it holds.
    required : bool
        Whether the table is refused without it.
    nullable : bool
        Whether single values may be missing.
    minimum, maximum : float, optional
        Bounds of a number, inclusive.
    allowed : tuple of str
        The only values a text may take; empty allows any.
    unit : str
        Unit of a number: ``money`` (the study's currency), ``hours``, ``points`` ...
    privacy : str
        What it says about a person, see :data:`Privacy`.
    """

    kind: Kind
    meaning: str
    required: bool = True
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[str, ...] = ()
    unit: str = ""
    privacy: Privacy = "none"


@dataclass(frozen=True)
class Contract:
    """The rules of one canonical table.

    Parameters
    ----------
    name, meaning : str
        Canonical name, and what one row is.
    columns : mapping of str to Column
        Further columns pass as attributes (their names are reported).
    key : tuple of str
        The columns that identify a row; empty where rows may repeat.
    channel : str
        The collection channel it usually comes through.
    frequency, legal_basis : str
        How often it is usually collected, and on which basis of the GDPR (Art. 6).
    order : tuple of (str, str)
        Pairs of columns of which the first must not be later, or greater, than the second.
    """

    name: str
    meaning: str
    columns: dict[str, Column]
    key: tuple[str, ...] = ()
    channel: Channel = "sales"
    frequency: str = ""
    legal_basis: str = ""
    order: tuple[tuple[str, str], ...] = ()

    def required(self) -> list[str]:
        """Name the columns without which the table is refused."""
        return [name for name, column in self.columns.items() if column.required]


def may(
    kind: Kind,
    meaning: str,
    *,
    allowed: Iterable[str] = (),
    minimum: float | None = None,
    maximum: float | None = None,
    unit: str = "",
    privacy: Privacy = "none",
) -> Column:
    """Describe a column that may be left out and whose values may be missing."""
    return Column(
        kind, meaning, False, True, minimum, maximum, tuple(allowed), unit=unit, privacy=privacy
    )


CUSTOMER = Column("id", "customer's identifier", privacy="pseudonym")
CUSTOMER_IF_KNOWN = replace(CUSTOMER, nullable=True, required=False)

#: What a record says of the person it is about; used to link records, then taken out.
PERSON = {
    "name": may("text", "full name", privacy="direct"),
    "email": may("text", "e-mail address", privacy="direct"),
    "phone": may("text", "telephone number", privacy="direct"),
    "postcode": may("text", "postal code of the home", privacy="quasi"),
    "birth_year": may(
        "integer", "year of birth", minimum=1900, maximum=2026, unit="year", privacy="quasi"
    ),
}

#: Usual legal bases (GDPR, Art. 6).
BY_CONTRACT, BY_INTEREST, BY_CONSENT = (
    "contract (6.1b)",
    "legitimate interest (6.1f)",
    "consent (6.1a)",
)
NO_PERSON = "no personal data"
