"""Hotlists from outside: any delimited or fixed-width text, read by a small mapping file."""
