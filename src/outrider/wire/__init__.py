"""What crosses between unit and centre."""
