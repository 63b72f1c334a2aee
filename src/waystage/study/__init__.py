"""Study file to Study: typed, unknown keys refused, all mistakes reported at once."""
