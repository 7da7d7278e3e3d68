"""All searches over one store. Each takes a Scope, and is written down before and after."""

from outrider.centre.search.corrections import Corrections
from outrider.centre.search.handing_on import HandingOn
from outrider.centre.search.patterns import PatternSearches


class Search(Corrections, HandingOn, PatternSearches):
    """The searches: see what it is made of, `ReadSearches` first."""
