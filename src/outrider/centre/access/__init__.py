"""Who may see which reads, why, and how old: policies in, a frozen Scope out."""
