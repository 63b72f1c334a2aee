"""What decides a record: verification, replication and the red team, each with its verdicts."""
