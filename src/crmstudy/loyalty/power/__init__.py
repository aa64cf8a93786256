"""How many respondents a structural equation model needs."""
