"""Content-addressed artefacts: atomic to write, verified on read, locked, collectable. No torch."""
