"""The commands, a file for each group of them. What a command needs is imported when it runs."""
