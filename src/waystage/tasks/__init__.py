"""Tasks: one declaration a file, and the kinds that they belong to."""
