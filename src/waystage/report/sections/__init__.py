"""What each section of the report shows, laid out before any HTML."""
