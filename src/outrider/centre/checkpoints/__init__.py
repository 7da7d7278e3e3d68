"""Where the audit trail stood, signed each day, and brought back from where it was kept."""
