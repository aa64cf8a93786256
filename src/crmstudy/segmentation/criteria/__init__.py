"""Five blocks of criteria, and customers as comparable points."""
