"""Attempts to break each claim: a counterexample hunter, a citation auditor and a replication attacker."""
