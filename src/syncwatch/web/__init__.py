"""What the daemon answers: probes, /metrics, a landing page. Reading any of it costs no poll."""
