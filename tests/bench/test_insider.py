"""The insider detector over a planted year: what it must find, and whom it must leave alone."""

from outrider.bench.insider import measure


def test_planted_misuse_is_found_and_few_honest_people_are_flagged() -> None:
    """Each pattern by its name; a seed that no limit was chosen on."""
    for one in measure(people=150, planted=6, seed=77):
        assert one.recall >= 0.65, one
        assert one.false_flags <= 0.12 * one.honest_people, one
