"""A centre to try it on: made up from a seed, no real plate, no real place of anybody's."""
