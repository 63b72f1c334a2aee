"""A sealed record on disk: read without trusting it, written whole, changed only by adding. No torch."""
