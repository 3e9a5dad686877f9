"""Recording the launches of a call, and replaying them."""
