// Answers questions, one JSON value a line, with the packages that docker/metadata-action is built on.
import { createInterface } from 'node:readline';
import { parse } from 'csv-parse/sync';
import Handlebars from 'handlebars';
import moment from 'moment-timezone';
import pep440 from '@renovate/pep440';
import semver from 'semver';

Handlebars.log = Handlebars.logger.log = () => {};
moment.deprecationHandler = null;
console.error = () => {};

// A function for templates that tells a time.
const teller = unix => (format, options) => {
  for (const name of Object.keys(options.hash)) {
    if (name !== 'tz') throw new Error(`no ${name}`);
  }
  const zone = 'tz' in options.hash ? options.hash.tz : 'UTC';
  return moment(unix * 1000).tz(zone).format(format);
};

const scopes = {
  global: question => ({
    branch: () => question.branch,
    tag: () => question.tag,
    sha: () => question.sha,
    is_default_branch: () => 'false',
    date: teller(question.unix),
    commit_date: teller(question.unix),
  }),
  dates: question => ({ date: teller(question.unix), commit_date: teller(question.unix) }),
  semver: question => semver.parse(question.version, { loose: true }),
};

const answers = {
  csv: ({ text }) => {
    const records = parse(text, { relaxColumnCount: true, skipEmptyLines: true });
    if (records.length === 0) throw new Error('empty');
    return records[0];
  },
  number: ({ text }) => String(Number(text)),
  trim: ({ text }) => text.trim(),
  semver: ({ text }) => {
    if (!semver.valid(text)) return null;
    const { raw, major, minor, patch, version, build, prerelease } = semver.parse(text, { loose: true });
    return [raw, major, minor, patch, version, build.join('.'), prerelease.length > 0];
  },
  pep440: ({ text }) => {
    if (!pep440.valid(text)) return null;
    const explained = pep440.explain(text);
    const final = !(explained.is_prerelease || explained.is_postrelease || explained.is_devrelease);
    const numbers = [pep440.major(text), pep440.minor(text), pep440.patch(text)].map(String);
    return [pep440.clean(text), final, explained.is_prerelease, ...numbers];
  },
  template: question => Handlebars.compile(question.template)(scopes[question.scope](question)),
  date: ({ unix, format, zone }) => moment(unix * 1000).tz(zone).format(format),
  zones: () => moment.tz.names(),
  // Whole matches, groups that took no part as null; and all flags.
  match: ({ pattern, text }) => {
    const slashed = pattern.match(/^\/(.+)\/(.*)$/);
    const found = text.match(slashed ? new RegExp(slashed[1], slashed[2]) : pattern);
    return found && Array.from(found, group => group ?? null);
  },
  collate: ({ list }) => list.sort((a, b) => a.localeCompare(b)),
  sort: ({ list }) => {
    const numbered = list.map((text, place) => ({ number: Number(text), place }));
    const order = (a, b) => (a.number < b.number ? 1 : a.number > b.number ? -1 : 0);
    return numbered.sort(order).map(({ place }) => place);
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  let answer;
  try {
    answer = { ok: answers[question.kind](question) };
  } catch (error) {
    answer = { error: String(error.message) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
