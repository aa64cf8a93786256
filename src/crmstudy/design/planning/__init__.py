"""How many customers, respondents or days a question needs."""
