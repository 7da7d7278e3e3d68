"""Joining a centre: keys, certificates, one-time tickets."""
