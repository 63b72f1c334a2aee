"""One loop that trains everything. Torch."""
