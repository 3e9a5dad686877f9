"""Tensors, operations and how they are declared."""
