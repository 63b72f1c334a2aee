"""The report of a run: one self-contained HTML file and a short terminal form, made from the record alone."""
