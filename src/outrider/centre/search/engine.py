"""All searches over one store. Each takes a Scope, and is written down before and after."""

from outrider.centre.search.patterns import PatternSearches
from outrider.centre.search.reads import ReadSearches


class Search(ReadSearches, PatternSearches):
    """The searches: see the two rooms that it is made of."""
