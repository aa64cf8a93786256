"""Do groups understand the items alike, and do paths differ between groups."""
