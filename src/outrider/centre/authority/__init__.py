"""Who is who: the centre's own authority, its units, and whom it no longer trusts."""
