"""What is remembered between polls, what is new in one, and what is shown of it."""
