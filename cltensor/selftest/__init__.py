"""What a person with a new device runs first: every family of kernels beside NumPy, in a process of
its own, and a report of one page."""
