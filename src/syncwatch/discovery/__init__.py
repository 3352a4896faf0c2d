"""Which tenants there are, besides those in the configuration: files and lists of targets as Prometheus has them."""
