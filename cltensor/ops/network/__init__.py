"""What networks are made of: pooling, normalisation, labels."""
