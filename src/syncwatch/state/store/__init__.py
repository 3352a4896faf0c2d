"""The durable journal: one store on two engines."""
