"""Decision trees whose leaves are segments."""
