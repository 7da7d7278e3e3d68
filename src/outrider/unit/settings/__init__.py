"""The unit's settings, and what enrolment leaves for them."""
