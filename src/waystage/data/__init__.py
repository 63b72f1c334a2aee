"""Where text comes from: examples, readers of published formats, installed packages, corpora."""
