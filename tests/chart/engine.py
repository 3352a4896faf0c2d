"""Helm's own engine, in a process of its own: being Go, it brings threads and signal handlers into whoever loads it."""

import json
import subprocess
import sys
from pathlib import Path

CHART = Path(__file__).parents[2] / "helm" / "syncwatch"


class Refused(Exception):  # noqa: N818 - as it reads in a test
    """What Helm says to somebody who would install this."""


class Engine:
    """Asks the process; one request and one answer a line."""

    def __init__(self):
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def lint(self, values, kubernetes):
        """What a strict lint has against the chart with these values."""
        return self._ask("lint", values=values, kubernetes=kubernetes)

    def render(self, values, **options):
        """The rendered templates by their paths; `Refused` if there is something against the values."""
        return self._ask("render", values=values, options={"name": "sw", "namespace": "monitored"} | options)

    def package(self, folder, version):
        """The archive of the chart, made in this folder."""
        return Path(self._ask("package", folder=str(folder), version=version))

    def close(self):
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

    def _ask(self, what, **given):
        self._process.stdin.write(json.dumps([what, given]) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "refused" in answer:
            raise Refused(answer["refused"])
        return answer["is"]


def _serve():
    import helm_python  # noqa: PLC0415 - only here, in its own process

    def lint(values, kubernetes):
        report = helm_python.lint(CHART, values, strict=True, kube_version=kubernetes, namespace="monitored")
        return report["errors"] + [each["error"] for each in report["messages"] if each["severity"] > 1]

    def render(values, options):
        chart.validate_schema(values)
        return chart.render(values, **options)

    def package(folder, version):
        return helm_python.package(CHART, destination=folder, version=version, app_version=version)

    ways = {"lint": lint, "render": render, "package": package}
    with helm_python.Chart.load(CHART) as chart:
        for line in sys.stdin:
            what, given = json.loads(line)
            try:
                answer = {"is": ways[what](**given)}
            except helm_python.HelmError as error:
                answer = {"refused": str(error)}
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    _serve()
