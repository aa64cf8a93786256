"""From single experts to the panel: aggregation, exclusion, agreement."""
