"""Evidence: one read with all that proves it, in one file, verified where there is no centre."""
