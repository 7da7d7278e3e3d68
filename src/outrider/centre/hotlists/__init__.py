"""Hotlists at the centre: master lists, and the signed repository that units update from."""
