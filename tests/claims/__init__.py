"""Tests of waystage.claims."""
