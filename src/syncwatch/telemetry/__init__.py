"""What the daemon says about itself, with nothing confidential in it."""
