"""Answers with PyPI's packaging, one JSON value a line: the normal form of a version and whether it is a pre-release."""

import json
import sys

from packaging.version import InvalidVersion, Version

for line in sys.stdin:
    try:
        version = Version(json.loads(line))
        answer = [str(version), version.is_prerelease]
    except InvalidVersion:
        answer = None
    print(json.dumps(answer))
