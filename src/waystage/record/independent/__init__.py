"""The second way from evidence to verdicts: written anew from the documents; no code of metrics or comparison."""
