"""What people write: the fleet's YAML, the process's environment, and where the secrets are.

`reader` reads every YAML file of the program (configuration, profiles, rules), `loader` turns one
configuration file into a `Config`, or into all that is wrong with it at once.
"""
