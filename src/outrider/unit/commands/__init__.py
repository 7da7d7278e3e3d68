"""The unit's commands: each module adds its options with register() and runs them."""
