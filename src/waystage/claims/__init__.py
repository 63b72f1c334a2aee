"""What a study or a paper claims, in a closed language that never carries its own result. No torch."""
