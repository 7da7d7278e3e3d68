"""Vehicles of interest: store, match, import, update."""
