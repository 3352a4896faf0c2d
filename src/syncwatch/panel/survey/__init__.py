"""What a panel shows that no profile describes yet: read untyped, compared with a profile, made into a patch of it."""
