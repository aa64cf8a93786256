"""When high satisfaction does not bring loyalty: interactions, curvature, defectors, behaviour."""
