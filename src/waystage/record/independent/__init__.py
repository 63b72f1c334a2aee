"""The second way from evidence to verdicts: written anew from the documents, sharing no code with metrics or comparison."""
