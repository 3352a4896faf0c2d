from prometheus_client import CollectorRegistry

from syncwatch.exposition.discovery import DiscoveryMeters


def test_a_source_that_is_gone_takes_its_figures_along():
    registry = CollectorRegistry()
    meters = DiscoveryMeters(registry)

    def sources():
        return {(s.name, s.labels["source"]) for family in registry.collect() for s in family.samples}

    meters.keep(["file_sd[0]", "http_sd[0]"])
    failures = "syncwatch_discovery_failures_total"
    assert {each for each in sources() if each[0] == failures} == {
        (failures, "file_sd[0]"),
        (failures, "http_sd[0]"),
    }
    for source in ("file_sd[0]", "http_sd[0]"):
        meters.succeeded(source, 1.0)
        meters.show(source, targets=3, held=True, rejected=1)
    meters.keep(["http_sd[0]"])
    assert {source for _, source in sources()} == {"http_sd[0]"}
