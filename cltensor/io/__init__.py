"""Files: weights, checkpoints."""
