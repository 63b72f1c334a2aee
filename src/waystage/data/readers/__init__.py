"""Readers of file formats: rows with the line they start at, mistakes that name file and line."""
