"""Who is about to lapse: features, models, thresholds, alerts."""
