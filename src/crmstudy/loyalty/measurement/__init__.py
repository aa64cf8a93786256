"""Do the items measure what they should: reliability, validity, common method."""
