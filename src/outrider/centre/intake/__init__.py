"""What takes in from units over HTTPS, and can read none of it."""
