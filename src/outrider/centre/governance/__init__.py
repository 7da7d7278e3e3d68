"""What surrounds a decision: authorisations, sessions, reviews, holds, and who watches whom."""
