"""Opens what units sealed for the centre: apart from the intake, with keys that it never has."""
