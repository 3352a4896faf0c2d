"""How anything is asked over HTTP: bounded, verified, never redirected. What is asked is the business of others."""
