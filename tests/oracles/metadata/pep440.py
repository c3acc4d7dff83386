"""Answers with PyPI's packaging, one JSON value a line: the normal form of a version and whether it is a pre-release; of a
pair of versions, how the first stands to the second: -1 before, 0 equal, 1 behind."""

import json
import sys

from packaging.version import InvalidVersion, Version

for line in sys.stdin:
    question = json.loads(line)
    try:
        if isinstance(question, list):
            first, second = map(Version, question)
            answer = (first > second) - (first < second)
        else:
            version = Version(question)
            answer = [str(version), version.is_prerelease]
    except InvalidVersion:
        answer = None
    print(json.dumps(answer))
