"""Whether Syncwatch itself sees everything in time: polling, panels, journal, configuration, its own door, resources."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from authoring.daemon.inputs import configuration, discovery, rules
from authoring.daemon.now import alive, versions
from authoring.daemon.polling import panels, polling
from authoring.daemon.resources import door, journal, process
from authoring.layout import Band, dashboard
from authoring.variables import datasource, several


def daemon() -> Dashboard:
    """The dashboard."""
    return dashboard(
        uid="syncwatch-daemon",
        title="Syncwatch / Daemon",
        says=__doc__.strip(),
        variables=[
            datasource(),
            several("instance", "Instance", "label_values(syncwatch_build_info, instance)"),
        ],
        sections={
            "Now": [Band(3, alive()[:4]), Band(3, alive()[4:]), Band(6, versions(), (14, 10))],
            "Polling": [Band(8, polling()[:3]), Band(8, polling()[3:])],
            "Panels": [Band(8, panels()[:4]), Band(8, panels()[4:])],
            "Journal": [Band(8, journal())],
            "Configuration and discovery": [Band(6, configuration(), (12, 12)), Band(8, discovery())],
            "Rules": [Band(9, rules(), (8, 8, 8))],
            "Its own door": [Band(8, door())],
            "Process": [Band(8, process()[:3]), Band(8, process()[3:])],
        },
    )
