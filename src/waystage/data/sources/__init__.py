"""Sources of examples: installed packages, published files, a user's own files."""
