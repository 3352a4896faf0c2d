"""The daemon's door: who may come in, what is answered, and how much of it. Reading any of it costs no poll."""
