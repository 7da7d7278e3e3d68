"""The crew's part: hits that wait for an officer, and answers that are owed."""
