"""What the centre's services for people and programs share: threads, bodies, a port."""
