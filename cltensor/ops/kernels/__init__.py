"""What several operations launch kernels with."""
