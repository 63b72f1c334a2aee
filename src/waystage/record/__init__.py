"""What a run leaves behind: scores, costs, protocol and environment, gathered from the store alone. No torch."""
