"""A centre's folder copied while it serves, and put back."""
