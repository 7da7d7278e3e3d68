"""Commissioning: whether a mounted unit works, part by part, and what to do where it does not."""
