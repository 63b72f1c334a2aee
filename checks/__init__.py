"""Checks of the project that are no tests of its code."""
