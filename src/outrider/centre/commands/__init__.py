"""The centre's commands: each module adds its options with register() and runs them."""
