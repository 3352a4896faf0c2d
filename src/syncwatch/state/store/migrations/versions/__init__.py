"""One module a step; a step that has been shipped is never edited."""
