"""The same elements shown, or put together, differently."""
