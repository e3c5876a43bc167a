// Bayes' rule as areas: width is the prior, height the rate; evidence leaves the solid part, and odds say the same.
import { member, probability, text, texts } from "./kit/inputs.js";
import { odds } from "./kit/math/odds.js";
import { axes, bars, brief, escape, number, plot, rows, shown, swatch, words } from "./kit/plot.js";

const ALL = 1000;
const RAREST = 0.001;

const rate = (value) => probability(value, { min: RAREST });
const slider = (label, shownAs, step) => ({ label, text: shownAs, step, min: step, max: 1 - step });
const given = (what, group) => `P(${escape(what)} | ${escape(group)})`;

export const inputs = {
  hypothesis: text("ill")(),
  other: text("healthy")(),
  unit: text("people")(),
  evidence: texts(["positive test", "another"], { maxItems: 2 })(),
  prior: rate(0.01)(
    slider(
      ({ hypothesis }) => `Prior: ${escape(hypothesis)}`, ({ prior }) => `${number(ALL * prior, 0)} of ${number(ALL, 0)}`, RAREST,
    ),
  ),
  sensitivity: rate(0.9)(
    slider(({ evidence, hypothesis }) => given(evidence[0], hypothesis), ({ sensitivity }) => number(sensitivity, 2), 0.01),
  ),
  false_positive: rate(0.05)(
    slider(({ evidence, other }) => given(evidence[0], other), ({ false_positive }) => number(false_positive, 2), 0.01),
  ),
  second_sensitivity: rate(null)(),
  second_false_positive: rate(null)(),
  seen: member("evidence")({ label: "Seen so far", none: "nothing", naming: (upTo) => upTo.join(" and ") }),
};

export const prompt = ({ evidence, unit, hypothesis, other }) =>
  `How many of ${number(ALL, 0)} ${escape(unit)} must be ${escape(hypothesis)} before one ${escape(evidence[0])} leaves more ` +
  `${escape(hypothesis)} than ${escape(other)}? Guess, then slide the prior.`;

/** The rates of each piece in both groups, their products so far, and what the evidence seen leaves of both. */
function situation({ prior, evidence, seen, ...rates }) {
  const first = [rates.sensitivity, rates.false_positive];
  // A second piece without rates of its own is the first one again.
  const second = [rates.second_sensitivity ?? first[0], rates.second_false_positive ?? first[1]];
  const pieces = [first, second];
  const products = [first, first.map((r, group) => r * second[group])];
  const count = evidence.indexOf(seen) + 1;
  const [high, low] = count ? products[count - 1] : [1, 1];
  const [blue, red] = [prior * high, (1 - prior) * low];
  return { pieces, products, count, high, blue, red, posterior: blue / (blue + red) };
}

export function frame(values) {
  const { prior, hypothesis, other, unit, evidence, seen } = values;
  const { products, count, posterior } = situation(values);
  const at = axes({ x: [0, ALL], y: [0, 1] });
  const split = ALL * prior;
  const pair = ([high, low], style) => [
    bars(at, [[0, split, high]], `ex-bar ${style} ex-a`),
    bars(at, [[split, ALL, low]], `ex-bar ${style} ex-b`),
  ];
  const levels = products.slice(0, Math.max(count, 1)).flatMap((level, i) => pair(level, i === count - 1 ? "" : "ex-pale"));
  const picture = plot(at, {
    marks: [...pair([1, 1], "ex-ruled-out"), ...levels],
    xticks: [
      [split / 2, `${escape(hypothesis)}: ${number(split, 0)}`],
      [(split + ALL) / 2, `${escape(other)}: ${number(ALL - split, 0)}`],
    ],
    yticks: [0, 0.5, 1].map((v) => [v, String(v)]),
    xlabel: `${number(ALL, 0)} ${escape(unit)}`,
    ylabel: `share of each group with ${count === 2 ? "both" : `“${escape(evidence[0])}”`}`,
  });
  const belief = (p) => [[p, "ex-a"], [1 - p, "ex-b"]];
  const shares = rows([
    { label: `${escape(hypothesis)}, before`, parts: belief(prior), text: number(prior) },
    {
      label: `${escape(hypothesis)}, after`,
      parts: count ? belief(posterior) : [],
      text: count ? shown("posterior", number(posterior)) : "?",
    },
  ]);
  return `${picture}${shares}${inOdds(values)}<p class="ex-readout">${verdict(values)}</p>`;
}

/** Odds are told where they help: once the last piece of evidence is there. */
function inOdds(values) {
  const { pieces, count, posterior } = situation(values);
  if (count < values.evidence.length) return "";
  const times = ([hit, alarm], i) => `<span>× likelihood ratio ${shown(`ratio ${i + 1}`, brief(hit / alarm))}</span> `;
  const ratios = pieces.slice(0, count).map(times).join("");
  const after = `<span>= odds after ${shown("odds after", brief(odds(posterior)))}</span>`;
  const before = `<span>Odds p/(1 − p) before ${shown("odds before", brief(odds(values.prior)))}</span> `;
  return `<p class="ex-equation">${before}${ratios}${after}</p>`;
}

function verdict(values) {
  const { blue, red, high, posterior, count } = situation(values);
  const { hypothesis, other, unit, evidence } = values;
  const [left, right] = [blue, red].map((share) => ALL * share);
  const groups =
    `<span class="ex-together">${swatch("ex-a")}${shown("blue", brief(left))}</span> ${escape(hypothesis)} and ` +
    `<span class="ex-together">${swatch("ex-b")}${shown("red", brief(right))}</span> ${escape(other)}`;
  if (!count) return `Of ${number(ALL, 0)} ${escape(unit)}, ${groups}. Nothing has been seen yet.`;
  const what = count === 2 ? "both" : evidence[0];
  const assumed = count === 2 ? " Within each group the two are taken as independent." : "";
  return (
    `What was seen leaves ${groups}: ${brief(left)} / ${brief(left + right)} = <b>${number(posterior)}</b>. ` +
    `So ${given(hypothesis, what)} = ${number(posterior)}, while ${given(what, hypothesis)} = ${brief(high)}.${assumed}`
  );
}

export function say(values) {
  return `${words(verdict(values))} ${words(inOdds(values))}`.trim();
}
