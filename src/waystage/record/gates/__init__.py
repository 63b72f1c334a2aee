"""What decides a record: provenance, verification, replication and the red team, each with its verdicts."""
