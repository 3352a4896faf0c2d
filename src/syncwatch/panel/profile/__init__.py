"""Panel profiles: the YAML files that say how a kind of panel is read."""
