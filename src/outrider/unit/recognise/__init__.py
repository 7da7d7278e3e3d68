"""Detect, rectify, read, track, vote: arrays in, records out."""
