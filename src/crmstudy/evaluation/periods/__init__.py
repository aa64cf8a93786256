"""The evaluation repeated over periods and segments, before and after a measure."""
