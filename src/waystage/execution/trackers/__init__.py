"""Trackers that a run can write to: one file each, behind one interface (tracker.py)."""
