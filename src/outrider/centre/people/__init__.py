"""People sign in at their force's own provider; here there are sessions, and no passwords."""
