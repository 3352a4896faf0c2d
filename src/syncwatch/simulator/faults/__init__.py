"""Every way in which a panel may misbehave; `catalogue.py` has them all, the other modules one idea each."""
