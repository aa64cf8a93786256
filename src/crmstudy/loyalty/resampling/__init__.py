"""Models refitted to many samples, fast: bootstrap intervals, recovery and coverage."""
