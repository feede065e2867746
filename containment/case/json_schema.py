"""The JSON schema of a case, for editors: `python -m containment.case.json_schema` rewrites models/schema/case.json."""

from __future__ import annotations

import json
from pathlib import Path

from containment.case.schema import Case

TARGET = Path(__file__).parents[2] / "models" / "schema" / "case.json"


def text() -> str:
    """The schema as it must stand in the file."""
    schema = Case.model_json_schema(by_alias=True)
    schema["properties"]["extends"] = {"type": "string", "description": "a case to start from: name or file"}
    schema["title"] = "containment case"
    return json.dumps(schema, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text())
