"""Customary thresholds of the measures of fit, and who set them."""

from __future__ import annotations

import math
from dataclasses import dataclass

CLOSE_FIT = 0.05  # Browne & Cudeck (1993): an RMSEA up to .05 is a close fit


@dataclass(frozen=True)
class Convention:
    """A customary threshold of an index, and who set it."""

    label: str
    rule: str
    source: str
    lowest: float = -math.inf
    highest: float = math.inf


_HU_BENTLER = "Hu & Bentler (1999)"
_COMPARE = "smaller is better among models of the same data"
CONVENTIONS = {
    "chi2": Convention("chi2", "see p value", "Jöreskog (1969), Psychometrika 34"),
    "df": Convention("degrees of freedom", "> 0 for a test of fit", "", lowest=1),
    "p_value": Convention(
        "p value of exact fit", "> .05", "5% level; rejects any model when n is large", lowest=0.05
    ),
    "chi2_per_df": Convention(
        "chi2 / df",
        "<= 3",
        "Schermelleh-Engel et al. (2003), Methods of Psychological Research 8(2): acceptable",
        highest=3,
    ),
    "cfi": Convention("CFI", ">= .95", _HU_BENTLER, lowest=0.95),
    "tli": Convention("TLI", ">= .95", _HU_BENTLER, lowest=0.95),
    "nfi": Convention("NFI", ">= .90", "Bentler & Bonett (1980)", lowest=0.90),
    "ifi": Convention("IFI", ">= .95", _HU_BENTLER, lowest=0.95),
    "gfi": Convention(
        "GFI", ">= .90", "Hooper et al. (2008), Electron. J. Bus. Res. Methods 6(1)", lowest=0.90
    ),
    "agfi": Convention(
        "AGFI", ">= .90", "Hooper et al. (2008), Electron. J. Bus. Res. Methods 6(1)", lowest=0.90
    ),
    "rmsea": Convention("RMSEA", "<= .06", _HU_BENTLER, highest=0.06),
    "rmsea_lower": Convention("RMSEA, lower end of 90% interval", "", ""),
    "rmsea_upper": Convention("RMSEA, upper end of 90% interval", "", ""),
    "close_fit_p": Convention(
        "p value of close fit", "> .05", "Browne & Cudeck (1993)", lowest=CLOSE_FIT
    ),
    "srmr": Convention("SRMR", "<= .08", _HU_BENTLER, highest=0.08),
    "log_likelihood": Convention("log-likelihood", "", ""),
    "aic": Convention("AIC", _COMPARE, "Akaike (1974), IEEE Trans. Autom. Control 19"),
    "bic": Convention("BIC", _COMPARE, "Schwarz (1978), Annals of Statistics 6"),
}
