// What you know, and no more: tick facts about star ratings and see the distribution of largest entropy that has them,
// how far it lies from knowing nothing, and how far from a record that has the facts too.
import { distribution, flag, real, text } from "./kit/inputs.js";
import { kl, LN2 } from "./kit/math/information.js";
import { maximumEntropy } from "./kit/math/maxent.js";
import { axes, bars, escape, legend, line, number, plot, rows, shown, words } from "./kit/plot.js";

const STARS = [1, 2, 3, 4, 5];
const UNIFORM = STARS.map(() => 1 / 5);
// A share that the facts force to be zero comes out of the solver at some 1e-10; no other that the sliders reach is so small.
const NOTHING = 1e-7;
const FACTS = {
  mean: { name: "the mean", of: (x) => x },
  fives: { name: "the share of fives", of: (x) => Number(x === 5) },
  ones: { name: "the share of ones", of: (x) => Number(x === 1) },
  high: { name: "the share of four or five", of: (x) => Number(x >= 4) },
};

const average = (p, key) => p.reduce((sum, v, i) => sum + v * FACTS[key].of(STARS[i]), 0);

const known = (value, key) => flag(value)({ label: `I know ${FACTS[key].name}` });

/** The target of a fact begins where the record has it. */
const target = (value, key, { min, max }) =>
  real(value, { min: 0, max: 5 })({
    label: FACTS[key].name.replace("the ", "").replace(/^./, (c) => c.toUpperCase()), min, max,
    start: ({ record }) => Number(average(record, key).toFixed(4)), text: (values) => number(values[key], 2),
  });

const share = { min: 0.01, max: 0.99 };

export const inputs = {
  record: distribution([0.14, 0.02, 0.03, 0.12, 0.69], { minItems: 5, maxItems: 5 })(),
  called: text("the record")(),
  knows_mean: known(true, "mean"),
  mean: target(null, "mean", { min: 1.05, max: 4.95 }),
  knows_fives: known(false, "fives"),
  fives: target(null, "fives", share),
  knows_ones: known(false, "ones"),
  ones: target(null, "ones", share),
  knows_high: known(false, "high"),
  high: target(null, "high", share),
};

export const prompt = ({ record }) =>
  `You know of some ratings that their mean is ${number(average(record, "mean"), 1)} stars. How does the blue answer change with each ` +
  "further fact? Guess; then tick a fact, and move it.";

/** The distribution of largest entropy with the facts ticked, or null, and what they cost in bits. */
function situation(values) {
  const ticked = Object.keys(FACTS).filter((key) => values[`knows_${key}`]);
  const found = maximumEntropy(ticked.map((key) => STARS.map(FACTS[key].of)), ticked.map((key) => values[key]), STARS.length);
  const fits = ticked.every((key) => Math.abs(average(values.record, key) - values[key]) < 1e-9);
  if (!found) return { ticked, fits, p: null };
  const p = found.map((v) => (v < NOTHING ? 0 : v));
  return { ticked, fits, p, learnt: kl(p, UNIFORM) / LN2, left: kl(values.record, p) / LN2, whole: kl(values.record, UNIFORM) / LN2 };
}

export function frame(values) {
  const { p, learnt, left, whole } = situation(values);
  const { record } = values;
  const at = axes({ x: [0.4, 5.6], y: [0, 1] });
  const picture = plot(at, {
    marks: [
      bars(at, record.map((v, i) => [STARS[i], STARS[i] + 0.35, v]), "ex-bar ex-pale ex-b"),
      bars(at, (p ?? []).map((v, i) => [STARS[i] - 0.35, STARS[i], v]), "ex-bar ex-a"),
      line(at, [[0.4, 1 / 5], [5.6, 1 / 5]], "ex-goal"),
    ],
    xticks: STARS.map((x) => [x, String(x)]),
    yticks: [0, 0.25, 0.5, 0.75, 1].map((v) => [v, String(v)]),
    xlabel: "stars",
    ylabel: "share",
    notes: (p ?? []).map((v, i) => ({ x: STARS[i], y: Math.max(v, 1 / 5), text: shown(`share ${i + 1}`, number(v)), style: "ex-at-end" })),
  });
  const key = legend([["ex-a", "largest entropy with these facts"], ["ex-pale ex-b", escape(values.called)], ["ex-ink", "knowing nothing, dashed"]]);
  const scale = Math.max(Math.log2(5), whole ?? 0);
  const track = (label, name, bits, colour) => (
    p
      ? { label, parts: [[Math.min(bits / scale, 1), bits === Infinity ? `${colour} ex-torn` : colour]], text: shown(name, number(bits)) }
      : { label, parts: [], text: "–" }
  );
  const distances = rows([
    track("D(blue ‖ uniform)", "learnt", learnt, "ex-a"),
    track("D(record ‖ blue)", "left", left, "ex-b"),
    track("D(record ‖ uniform)", "whole", whole, "ex-c"),
  ]);
  return `${picture}${key}<p class="ex-head">KL divergence in bits</p>${distances}<p class="ex-readout">${verdict(values)}</p>`;
}

function verdict(values) {
  const { ticked, p } = situation(values);
  const facts = ticked.map((key) => `${FACTS[key].name} is ${number(values[key], 2)}`).join(", ");
  if (!p) return `No ratings from 1 to 5 have these facts together: ${facts}. Move a target.`;
  const told = facts ? `You know that ${facts}.` : "You know nothing, and all five are alike.";
  return `${told} One star has the share ${number(p[0])}. ${comparison(values)}`;
}

/** Whether the divergences add up, and if not, why. */
function comparison(values) {
  const { fits, learnt, left } = situation(values);
  const record = escape(values.called).replace(/^./, (c) => c.toUpperCase());
  if (fits) return `${record} has these facts too, so the divergences add up: ${number(learnt)} + ${number(left)} = ${shown("sum", number(learnt + left))} bits.`;
  if (left === Infinity) return `${record} has ratings that these facts rule out, so its divergence from blue is infinite.`;
  return `${record} does not have these facts, so the divergences need not add up.`;
}

export function say(values) {
  const { p } = situation(values);
  return words(verdict(values)) + (p ? ` Shares: ${p.map((v) => number(v)).join(", ")}.` : "");
}
