"""Recorded drives replayed through the real stages."""
