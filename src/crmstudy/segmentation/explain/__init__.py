"""Who the segments are: profiles, rules in words, tests, a map."""
