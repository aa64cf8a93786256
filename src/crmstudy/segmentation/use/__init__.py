"""What segments are good for: targeting, budget, care."""
