"""What stands in for hardware in the demo and the tests: a simulated board, a fed gpsd."""
