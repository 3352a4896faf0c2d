"""From facts to a verdict: the state of a user, why, and who must act."""
