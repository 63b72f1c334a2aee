"""What benchmarks/training_speed.py runs in processes of their own."""
