"""A run: what is wired together, what starts and ends it, and what it tells."""
