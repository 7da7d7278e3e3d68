"""The reference centre."""
