"""Study to Plan: a graph of unique stages, each with a content address, and what it will cost."""
