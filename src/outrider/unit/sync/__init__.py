"""The way from the journal to the centre and back."""
