// Answers with npm's `semver` which texts are strict semantic versions, and how all of them compare. It reads one JSON list of
// texts and writes one object: for each text its version or null, and for each two versions -1, 0 or 1.
"use strict";

const semver = require("semver");

const texts = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const read = texts.map((text) => {
  const version = semver.parse(text);
  // Its reading is laxer than the specification in what stands before and after.
  return version !== null && version.raw === text && /^[0-9]/.test(text) ? version : null;
});
const versions = read.filter((version) => version !== null);
process.stdout.write(
  JSON.stringify({
    valid: read.map((version) => version !== null),
    pre: read.map((version) => version !== null && version.prerelease.length > 0),
    order: versions.map((one) => versions.map((other) => semver.compare(one, other))),
  }),
);
