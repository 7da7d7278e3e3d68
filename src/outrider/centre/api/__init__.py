"""The centre's interface for programs and pages: the same Scope, the same trail."""
