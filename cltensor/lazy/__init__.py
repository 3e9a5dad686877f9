"""What a Tensor denotes before somebody needs its bytes, and the kernels that compute it."""
