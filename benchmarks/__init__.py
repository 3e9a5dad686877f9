"""The device benchmark suite: ``python -m benchmarks`` in a checkout.

Each case is timed beside NumPy and PyTorch where they are installed, taking turns in one process.
"""
