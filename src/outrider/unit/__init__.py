"""The appliance in the car."""
