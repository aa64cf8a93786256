"""One simulated firm: every canonical table, linked, from models whose parameters are known."""

from crmstudy.collection.simulate.campaign import CAMPAIGN_ID
from crmstudy.collection.simulate.firm import SimulatedFirm, simulate_firm, template_tables
from crmstudy.collection.simulate.panel import WEIGHTS
from crmstudy.collection.simulate.parameters import (
    CALIBRATION_ENDS_ON,
    CAMPAIGN_STARTS_ON,
    SERVICE_CHANGES_ON,
    SURVEY_STARTS_ON,
    WINDOW_ENDS_ON,
    WINDOW_STARTS_ON,
    FirmParameters,
)
from crmstudy.collection.simulate.staff import STAFF_INSTRUMENT
from crmstudy.collection.simulate.survey import SURVEY_INSTRUMENT
from crmstudy.collection.simulate.write import write_firm, write_tables, write_truth

__all__ = [
    "CALIBRATION_ENDS_ON",
    "CAMPAIGN_ID",
    "CAMPAIGN_STARTS_ON",
    "SERVICE_CHANGES_ON",
    "STAFF_INSTRUMENT",
    "SURVEY_INSTRUMENT",
    "SURVEY_STARTS_ON",
    "WEIGHTS",
    "WINDOW_ENDS_ON",
    "WINDOW_STARTS_ON",
    "FirmParameters",
    "SimulatedFirm",
    "simulate_firm",
    "template_tables",
    "write_firm",
    "write_tables",
    "write_truth",
]
