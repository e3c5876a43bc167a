// A shape in the fog: a sound changes the belief, the losses choose the action, and the two need not change together.
import { member, real, table, texts } from "./kit/inputs.js";
import { belief, expectedLosses } from "./kit/math/decision.js";
import { escape, number, rows, swatch } from "./kit/plot.js";

export const inputs = {
  shapes: texts(["bush", "person", "dog", "cyclist"])(),
  sounds: texts(["silence", "steps", "ticking"])(),
  counts: table([[600, 14, 6], [40, 205, 5], [50, 36, 4], [8, 2, 30]], {
    rows: "shapes", columns: "sounds", min: 0, columnsAbove: 0,
  })(),
  actions: texts(["walk on", "step aside"], { minItems: 2 })(),
  loss: table([[0, 2, 10, 300], [5, 5, 5, 5]], { rows: "actions", columns: "shapes", min: 0 })(),
  heard: member("sounds")({ label: "Heard so far", none: "nothing" }),
  cost: real(null, { min: 0 })({
    label: ({ actions, shapes }, { risky, feared }) =>
      `Loss if you ${escape(actions[risky])} and it is a ${escape(shapes[feared])}`,
    text: ({ cost }) => `${number(cost, 0)} s`,
    start: ({ loss }) => Math.max(...loss.flat()),
    max: (values, { most }) => most,
    step: 5,
  }),
};

export const prompt = "Something stands on the path in the fog. Listen, and change what a mistake costs: does your best guess move, or your action?";

/** The largest loss is the one that the slider moves: its action is risky, its shape feared. */
export function prepare({ loss }) {
  const worst = Math.max(...loss.flat());
  const risky = loss.findIndex((row) => row.includes(worst));
  return { risky, feared: loss[risky].indexOf(worst), most: 2 * worst };
}

const least = (list) => list.indexOf(Math.min(...list));

function situation({ counts, sounds, loss, heard, cost }, { risky, feared, most }) {
  const p = belief(counts, heard === null ? null : sounds.indexOf(heard));
  const withCost = (c) => expectedLosses(loss.map((row, i) => (i === risky ? row.with(feared, c) : row)), p);
  const losses = withCost(cost);
  // The risky action's expected loss rises with the cost from `sure` by p[feared] a second.
  const sure = withCost(0)[risky];
  const other = Math.min(...losses.filter((_, i) => i !== risky));
  return { p, losses, scale: Math.max(...withCost(most)), flip: (other - sure) / p[feared] };
}

export function frame(values, ready) {
  const { risky, feared } = ready;
  const { p, losses, scale } = situation(values, ready);
  const beliefs = values.shapes.map((shape, j) => ({
    label: escape(shape),
    parts: [[p[j], j === feared ? "ex-b" : "ex-a"]],
    text: shown(shape, number(p[j])),
  }));
  const costs = values.actions.map((action, i) => {
    const fear = p[feared] * (i === risky ? values.cost : values.loss[i][feared]);
    return {
      label: escape(action),
      parts: [[(losses[i] - fear) / scale, "ex-a"], [fear / scale, "ex-b"]],
      text: `${shown(action, number(losses[i], 2))} s`,
    };
  });
  return (
    `<div class="ex-pair"><div><p class="ex-head">Your belief</p>${rows(beliefs)}</div>` +
    `<div><p class="ex-head">Expected loss, seconds (${swatch("ex-b")}the part of the ${escape(values.shapes[feared])})</p>` +
    `${rows(costs)}</div></div><p class="ex-readout">${verdict(values, ready)}</p>`
  );
}

const shown = (name, text) => `<b data-value="${escape(name)}">${text}</b>`;

function verdict(values, ready) {
  const { p, losses, flip } = situation(values, ready);
  const name = (list, i) => `<b>${escape(list[i])}</b>`;
  const { actions, shapes } = values;
  const guess = `The best guess is ${name(shapes, p.indexOf(Math.max(...p)))}, whatever a mistake costs.`;
  const even = Math.max(...losses) - Math.min(...losses) < 1e-9;
  const act = even ? "Both actions cost the same." : `The better action is ${name(actions, least(losses))}.`;
  return `${guess} ${act} ${turn(name(actions, ready.risky), flip)}`;
}

/** At which cost the risky action stops being the better one. */
function turn(action, flip) {
  if (flip === Infinity) return `No cost speaks against ${action}: what it risks cannot happen.`;
  if (!(flip > 0)) return `At no cost is it better to ${action}.`;
  return `To ${action} is better while that loss is below ${shown("flip", number(flip, 0))} s.`;
}

export function say(values, ready) {
  const { p, losses } = situation(values, ready);
  const beliefs = values.shapes.map((shape, j) => `${shape} ${number(p[j], 2)}`).join(", ");
  const costs = values.actions.map((action, i) => `${action} ${number(losses[i], 1)} seconds`).join(", ");
  return `Belief: ${beliefs}. Expected loss: ${costs}. ${verdict(values, ready).replace(/<[^>]*>/g, "")}`;
}
