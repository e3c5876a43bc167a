// What an explorable may be given and how a reader moves it. An input is a kind with its default, then its control:
// `p: probability(0.5)({ label: "True chance of heads, p" })`, or `seed: seed(1)()` for data without a control.
// The schema keeps JSON Schema's words, for Python to check by; null as a default means that it may be left out.
// Any word of a control may be a function of (values, ready), where ready is what the module's `prepare` returned.

const input = (schema, kind) => (control) => ({ schema, control: control && { ...kind, ...control } });

/** A number on a slider, with `perDecade` so many steps to each power of ten. The control may be narrower than the data. */
export function real(value, { min, max, above } = {}) {
  const schema = { type: "number", default: value, minimum: min, maximum: max, exclusiveMinimum: above };
  return input(schema, { kind: "range", min, max, step: 0.01 });
}

export const positive = (value) => real(value, { above: 0 });

export const probability = (value, { min = 0 } = {}) => real(value, { min, max: 1 });

/** A whole number on a slider; with `perDecade` in the control, so many steps to each power of ten. */
export function count(value, { min = 0, max } = {}) {
  return input({ type: "integer", default: value, minimum: min, maximum: max }, { kind: "range", min, max, step: 1 });
}

/** The seed of a simulation; its control is a button that takes the next one. `resets` lists what begins again with it. */
export const seed = (value) => input({ type: "integer", default: value, minimum: 0, maximum: 2 ** 32 - 1 }, { kind: "button" });

/** Yes or no, to be ticked. */
export const flag = (value) => input({ type: "boolean", default: value }, { kind: "tick" });

/**
 * Keys pressed one after another, by touch or typed: the control lists them in `keys` as [value, words]. What is kept
 * of a press is its value, or what the control's `entry` makes of (values, value).
 */
export const presses = () => input({ type: "array", default: [], items: { type: "string" } }, { kind: "keys" });

export const text = (value) => input({ type: "string", default: value });

/** One of several, given as { value: words }. */
export function choice(value, options) {
  return input({ enum: Object.keys(options), default: value }, { kind: "choice", options: Object.entries(options) });
}

/**
 * One text of the list in another input, or none of them; the control says in `none` what that is called, and may
 * have a `naming` that is given the list up to a text and returns what the text's choice is called.
 */
export const member = (list) => input({ member: list, default: null }, { kind: "choice", list });

/** A list of numbers; `along` names another list of the same length. */
export function numbers(value, { min, minItems, maxItems, along } = {}) {
  return input({ type: "array", default: value, items: { type: "number", minimum: min }, minItems, maxItems, along });
}

/**
 * A list of probabilities that sum to one. A control gives each a slider of its own, and its words the place in the
 * list as a third argument; once moved they are weights, which the frame divides by their sum.
 */
export function distribution(value, { minItems, maxItems } = {}) {
  const schema = { type: "array", default: value, items: { type: "number", minimum: 0 }, minItems, maxItems, sum: 1 };
  return input(schema, { kind: "range", each: true, min: 0, max: 1, step: 0.01 });
}

export function texts(value, { minItems = 1, maxItems, along } = {}) {
  return input({ type: "array", default: value, items: { type: "string" }, minItems, maxItems, along });
}

/** A pair (low, high). */
export function interval(value) {
  return input({ type: "array", default: value, items: { type: "number" }, minItems: 2, maxItems: 2, increasing: true });
}

/** A table of numbers, one row for each entry of the input named `rows`, one column for each of `columns`. */
export function table(value, { rows, columns, min, columnsAbove } = {}) {
  const items = { type: "array", items: { type: "number", minimum: min } };
  return input({ type: "array", default: value, items, along: rows, columnsAlong: columns, columnsAbove });
}
