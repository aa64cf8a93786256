"""Cash flows of a measure and what they return."""
