"""How often customers come back, and who has left: models fitted by maximum likelihood."""
