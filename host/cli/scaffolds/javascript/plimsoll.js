// What a policy in JavaScript is written with: settings, findings, verdicts, and the exports of the component.
// It came with the plimsoll command that made this project, and is part of the project.

/** Says that the policy cannot answer. Throw it; whatever else is thrown ends the question just so. */
export class Failure extends Error {}

/** What each rule found, in one answer. */
export class Findings {
  #all = [];

  /** Notes that a rule is satisfied. */
  passed(rule, message) {
    this.#all.push({ rule, outcome: "passed", message });
  }

  /** Notes that a rule is not satisfied. */
  failed(rule, message) {
    this.#all.push({ rule, outcome: "failed", message });
  }

  /** Notes that a rule had nothing to say. */
  skipped(rule, message) {
    this.#all.push({ rule, outcome: "skipped", message });
  }

  get anyFailed() {
    return this.#all.some((finding) => finding.outcome === "failed");
  }

  /** Promotion: denies when a rule failed, and allows otherwise. */
  verdict() {
    return { decision: { tag: this.anyFailed ? "deny" : "allow" }, findings: this.#all };
  }

  /** Promotion: not yet, until all conditions are met, such as `{ tag: "time", val: unixSeconds }`. */
  hold(...conditions) {
    return { decision: { tag: "hold", val: conditions }, findings: this.#all };
  }

  /** Tagging: build the image and give it these tags. */
  plan({ tags, version = null, labels = [], annotations = [] }) {
    return { tag: "plan", val: { version, tags, labels, annotations, findings: this.#all } };
  }

  /** Tagging: build nothing. */
  refusal() {
    return { tag: "refusal", val: { findings: this.#all } };
  }
}

/** A tag that is new, and never moves. */
export const create = (name) => ({ name, mode: "create" });
/** A tag that moves to the image. */
export const move = (name) => ({ name, mode: "move" });

/** A git reference for messages: "the branch `main`". */
export function describeRef({ tag, val }) {
  switch (tag) {
    case "branch":
    case "tag":
      return `the ${tag} \`${val}\``;
    case "pull-request":
      return `pull request ${val}`;
    default:
      return "a commit without a branch";
  }
}

/**
 * Makes the exports of a component. `settings` are the settings by name, each the JSON Schema of its value with a
 * `default`; `check` finds what their types cannot say, and returns problems, each with a `pointer` and a `message`.
 */
export function policy({ name, version, summary, settings = {}, check = () => [], derive, decide }) {
  const read = (text) => {
    const { values, problems } = readSettings(text, settings);
    return { values, problems: problems.length > 0 ? problems : check(values) };
  };
  const answer = (question) => (request) => {
    try {
      const { values, problems } = read(request.settings);
      if (problems.length > 0) {
        throw new Failure(`the settings are wrong: ${problems.map((p) => `${p.pointer} ${p.message}`).join("; ")}`);
      }
      return question(request, values);
    } catch (error) {
      throw { message: reason(error) };
    }
  };
  const about = {
    describe: () => ({ name, version, summary, settingsSchema: JSON.stringify(schema(settings)) }),
    checkSettings(text) {
      const { problems } = read(text);
      if (problems.length > 0) {
        throw problems;
      }
    },
  };
  return {
    about,
    tagging: derive && { derive: answer(derive) },
    promotion: decide && { decide: answer(decide) },
  };
}

/** Why a question has no answer, with the author's line where it is known. */
function reason(error) {
  if (error instanceof Failure) {
    return error.message;
  }
  // What an import throws carries the contract's own failure.
  if (error?.payload?.tag) {
    return `a look-up has no answer: ${error.payload.val} (${error.payload.tag})`;
  }
  if (!(error instanceof Error)) {
    return `thrown: ${String(error)}`;
  }
  const place = (error.stack ?? "").split("\n").find((line) => /\.js:\d/.test(line)) ?? "";
  return `${error.name}: ${error.message} ${place.trim()}`.trim();
}

function schema(settings) {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    properties: settings,
    additionalProperties: false,
  };
}

const isOfType = {
  string: (value) => typeof value === "string",
  boolean: (value) => typeof value === "boolean",
  integer: Number.isInteger,
  number: Number.isFinite,
  array: Array.isArray,
  object: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
};

/** Reads settings from their JSON text, on top of the defaults. */
function readSettings(text, settings) {
  const values = Object.fromEntries(Object.entries(settings).map(([name, { default: value }]) => [name, value]));
  let given;
  try {
    given = JSON.parse(text);
  } catch (error) {
    return { values, problems: [{ pointer: "", message: error.message }] };
  }
  if (!isOfType.object(given)) {
    return { values, problems: [{ pointer: "", message: "must be an object" }] };
  }
  const problems = [];
  for (const [name, value] of Object.entries(given)) {
    const pointer = `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    if (!Object.hasOwn(settings, name)) {
      problems.push({ pointer, message: "there is no such setting" });
    } else if (!(isOfType[settings[name].type] ?? (() => true))(value)) {
      problems.push({ pointer, message: `must be of the type ${settings[name].type}` });
    } else {
      values[name] = value;
    }
  }
  return { values, problems };
}

// In the component there is no clock and no randomness. Without this, asking for them would end it without a reason.
if (typeof process === "undefined") {
  const none = (what) => () => {
    throw new Failure(`a policy has no ${what}; the time is in request.now`);
  };
  const clock = none("clock");
  Math.random = none("randomness");
  globalThis.Date = new Proxy(Date, {
    apply: clock,
    construct: (date, values) => (values.length > 0 ? Reflect.construct(date, values) : clock()),
    get: (date, name) => (name === "now" ? clock : Reflect.get(date, name)),
  });
}
