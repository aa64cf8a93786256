"""What came back on the questionnaire, before any model."""
