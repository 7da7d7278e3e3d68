"""The centre's audit trail: taken out while everything runs, verified, tied down by checkpoints."""
