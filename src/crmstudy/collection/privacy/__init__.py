"""Persons protected on their way from the inputs to the report."""

from typing import TYPE_CHECKING

from crmstudy.lazy import lazy_names

if TYPE_CHECKING:
    from crmstudy.collection.privacy.anonymity import measure_anonymity
    from crmstudy.collection.privacy.audit import audit_reports
    from crmstudy.collection.privacy.consent import consented
    from crmstudy.collection.privacy.erase import erase_customer
    from crmstudy.collection.privacy.erased import leave_out_erased
    from crmstudy.collection.privacy.generalise import generalise
    from crmstudy.collection.privacy.inventory import list_fields
    from crmstudy.collection.privacy.keys import fingerprint_privacy, study_key
    from crmstudy.collection.privacy.protect import collect_names, protect
    from crmstudy.collection.privacy.suppression import (
        suppress_small_cells,
        suppress_small_counts,
    )

_HOME = {
    "audit_reports": "audit",
    "collect_names": "protect",
    "consented": "consent",
    "erase_customer": "erase",
    "fingerprint_privacy": "keys",
    "generalise": "generalise",
    "leave_out_erased": "erased",
    "list_fields": "inventory",
    "measure_anonymity": "anonymity",
    "protect": "protect",
    "study_key": "keys",
    "suppress_small_cells": "suppression",
    "suppress_small_counts": "suppression",
}

__all__ = [
    "audit_reports",
    "collect_names",
    "consented",
    "erase_customer",
    "fingerprint_privacy",
    "generalise",
    "leave_out_erased",
    "list_fields",
    "measure_anonymity",
    "protect",
    "study_key",
    "suppress_small_cells",
    "suppress_small_counts",
]

__getattr__ = lazy_names(__name__, _HOME)
