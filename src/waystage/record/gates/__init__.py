"""Gates: each says VERIFIED, FALSIFIED or UNVERIFIED of a record, with reason, time and evidence. No torch."""
