"""The strict, cached, resumable runner of the chapters."""
