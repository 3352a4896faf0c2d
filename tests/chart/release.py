"""What the chart makes of some values, as a person sees it in a cluster."""

import yaml

from chart.engine import CHART

CASES = {"default": {}} | {
    file.name.removesuffix("-values.yaml"): yaml.safe_load(file.read_text())
    for file in sorted((CHART / "ci").glob("*-values.yaml"))
}


def nested(path, value):
    """`a.b` and 1 are {"a": {"b": 1}}; a number in the path is the first of a list."""
    for key in reversed(path.split(".")):
        value = [value] if key == "0" else {key: value}
    return value


class Release:
    """The objects, and the notes at the end of an installation."""

    def __init__(self, rendered):
        texts = {path.partition("/templates/")[2]: text for path, text in rendered.items()}
        self.notes = texts.pop("NOTES.txt")
        self.objects = [
            each
            for name, text in texts.items()
            if not name.endswith(".tpl")
            for each in yaml.load_all(text, Loader=yaml.CSafeLoader)
            if each
        ]

    def all(self, kind):
        return [each for each in self.objects if each["kind"] == kind]

    def one(self, kind):
        (found,) = self.all(kind)
        return found

    @property
    def workload(self):
        (found,) = self.all("StatefulSet") + self.all("Deployment")
        return found

    @property
    def pod(self):
        return self.workload["spec"]["template"]["spec"]

    @property
    def daemon(self):
        return next(each for each in self.pod["containers"] if each["name"] == "syncwatch")

    @property
    def tester(self):
        return self.one("Pod")

    @property
    def configuration(self):
        """The daemon's configuration, as text."""
        return next(
            each["data"]["syncwatch.yaml"]
            for each in self.all("ConfigMap")
            if "syncwatch.yaml" in each["data"]
        )
