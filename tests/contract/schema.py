"""What of JSON Schema an OpenAPI 3.0.3 document here uses: checking a value, and making one up."""
import re

STRINGS = ["", " ", "a", "true", "64f0a1b2c3d4e5f6a7b8cb00", "x" * 300, "\u0000", "é\U0001f600", "-1",
           "2024-01-01T01:01:01Z", "+15125551234", "%2e%2e", "null"]


class Document:
    def __init__(self, document):
        self.document = document

    def follow(self, node):
        while "$ref" in node:
            target = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = target
        return node

    def faults(self, value, schema, where="body"):
        """What of `value` the schema doesn't allow; empty: nothing."""
        schema = self.follow(schema)
        if "oneOf" in schema:
            found = [self.faults(value, one, where) for one in schema["oneOf"]]
            return [] if sum(not one for one in found) == 1 else [f"{where}: fits {found} of oneOf"]
        if value is None:
            return [] if schema.get("nullable") else [f"{where}: null"]
        kind = schema.get("type")
        checks = {"string": str, "boolean": bool, "object": dict, "array": list}
        if kind in checks and not isinstance(value, checks[kind]):
            return [f"{where}: no {kind}"]
        if kind in ("integer", "number"):
            allowed = int if kind == "integer" else (int, float)
            if isinstance(value, bool) or not isinstance(value, allowed):
                return [f"{where}: no {kind}"]
            if value < schema.get("minimum", value) or value > schema.get("maximum", value):
                return [f"{where}: {value} is out of bounds"]
        found = []
        if "enum" in schema and value not in schema["enum"]:
            found.append(f"{where}: {value!r} is none of {schema['enum']}")
        if kind == "string":
            if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
                found.append(f"{where}: its length")
            if "pattern" in schema and not re.search(schema["pattern"], value):
                found.append(f"{where}: {value!r} doesn't match")
            if schema.get("format") == "date-time" and not re.fullmatch(
                    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value):
                found.append(f"{where}: {value!r} is no time")
        if kind == "array":
            for i, one in enumerate(value):
                found += self.faults(one, schema.get("items", {}), f"{where}[{i}]")
        if kind == "object":
            members = schema.get("properties", {})
            found += [f"{where}: no {name}" for name in schema.get("required", []) if name not in value]
            for name, one in value.items():
                if name in members:
                    found += self.faults(one, members[name], f"{where}.{name}")
                elif schema.get("additionalProperties") is False:
                    found.append(f"{where}: {name} too much")
        return found

    def make(self, schema, random, wrong=0.0):
        """A value of the schema; each part is something else with the probability `wrong`."""
        schema = self.follow(schema)
        if random.random() < wrong:
            return random.choice([None, True, 0, -1, 2 ** 63, 1.5, "", [], {}, random.choice(STRINGS), [[]] * 3])
        if "oneOf" in schema:
            return self.make(random.choice(schema["oneOf"]), random, wrong)
        if "enum" in schema:
            return random.choice(schema["enum"])
        kind = schema.get("type", "object")
        if kind == "object":
            required = schema.get("required", [])
            made = {name: self.make(one, random, wrong) for name, one in schema.get("properties", {}).items()
                    if name in required or random.random() < 0.5}
            if random.random() < wrong:
                made.pop(random.choice([*made, None]), None)
            return made
        if kind == "array":
            most = min(schema.get("maxItems", 8), 8)
            return [self.make(schema["items"], random, wrong) for _ in range(random.randint(0, most))]
        if kind == "boolean":
            return random.random() < 0.5
        if kind in ("integer", "number"):
            return random.randint(schema.get("minimum", -5), schema.get("maximum", 1000))
        if schema.get("format") == "date-time":
            return "2026-05-15T09:10:00Z"
        if "pattern" in schema:  # an id
            return "".join(random.choices("0123456789abcdefABCDEF", k=24))
        return random.choice(STRINGS)
