"""The canonical tables: what each holds, column by column, and how it is usually collected."""

from __future__ import annotations

from crmstudy.collection.contracts.columns import (
    CUSTOMER,
    CUSTOMER_IF_KNOWN,
    PERSON,
    Channel,
    Column,
    Contract,
    Kind,
    Privacy,
)
from crmstudy.collection.contracts.dealings import DEALINGS
from crmstudy.collection.contracts.research import RESEARCH

__all__ = [
    "CONTRACTS",
    "CUSTOMER",
    "CUSTOMER_IF_KNOWN",
    "PERSON",
    "Channel",
    "Column",
    "Contract",
    "Kind",
    "Privacy",
]

#: By name, in the order of the data dictionary.
CONTRACTS: dict[str, Contract] = {contract.name: contract for contract in (*DEALINGS, *RESEARCH)}
