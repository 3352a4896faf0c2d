"""How one admin panel is read: by a profile, which is data, over HTTP, which stays in here."""
