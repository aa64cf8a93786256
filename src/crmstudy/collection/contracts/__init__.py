"""The canonical tables, what breaks their rules, and how that is said."""
