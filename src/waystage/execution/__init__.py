"""The jobs of a plan: what a worker does with one, and the order in which they are done."""
