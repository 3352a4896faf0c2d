"""When a tenant is looked at, and what one look is made of."""
