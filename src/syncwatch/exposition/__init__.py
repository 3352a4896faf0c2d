"""From snapshots to bytes: what a scrape is answered with."""
