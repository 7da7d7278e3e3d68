"""Mutations: the code is broken in many small ways, and each time a test has to fail."""
