"""The forms of the files of a sealed record: frozen values with a checked JSON form and a JSON Schema. No torch."""
