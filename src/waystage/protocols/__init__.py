"""Published protocols: how each task was trained, selected and scored, one declaration a file. No torch."""
