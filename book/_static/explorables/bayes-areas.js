// Bayes' rule as areas: width is the prior, height the rate; evidence leaves the solid part, odds say the same.
import { member, probability, text, texts } from "./kit/inputs.js";
import { odds } from "./kit/math/odds.js";
import { axes, bars, brief, escape, number, plot, rows, shown, swatch, words } from "./kit/plot.js";

const PEOPLE = 1000;
const RAREST = 0.001;

const rate = (value) => probability(value, { min: RAREST });

const slider = (label, text, step) => ({ label, text, step, min: step, max: 1 - step });

export const inputs = {
  hypothesis: text("ill")(),
  other: text("healthy")(),
  unit: text("people")(),
  evidence: texts(["positive test", "second positive test"], { maxItems: 2 })(),
  prior: rate(0.01)(slider(
    ({ unit, hypothesis }) => `How many ${escape(unit)} are ${escape(hypothesis)}`,
    ({ prior }) => `${number(PEOPLE * prior, 0)} of ${number(PEOPLE, 0)}`, RAREST,
  )),
  sensitivity: rate(0.9)(slider(({ evidence, hypothesis }) => `P(${escape(evidence[0])}, given ${escape(hypothesis)})`,
    ({ sensitivity }) => number(sensitivity, 2), 0.01)),
  false_positive: rate(0.05)(slider(({ evidence, other }) => `P(${escape(evidence[0])}, given ${escape(other)})`,
    ({ false_positive }) => number(false_positive, 2), 0.01)),
  second_sensitivity: rate(null)(),
  second_false_positive: rate(null)(),
  seen: member("evidence")({ label: "Seen so far", none: "nothing" }),
};

export const prompt = "Guess before you look: of those whose evidence has been seen, what share is in the blue group? Then choose what has been seen.";

/** Rates of each piece of evidence in both groups (a second one left out is the first again), and what remains. */
function situation({ prior, evidence, seen, ...given }) {
  const first = [given.sensitivity, given.false_positive];
  const second = [given.second_sensitivity ?? first[0], given.second_false_positive ?? first[1]];
  const pieces = [first, second].slice(0, evidence.length);
  const count = evidence.indexOf(seen) + 1;
  const heights = pieces.map((_, i) => [0, 1].map((group) => pieces.slice(0, i + 1).reduce((h, piece) => h * piece[group], 1)));
  const [high, low] = count ? heights[count - 1] : [1, 1];
  const [joint, others] = [prior * high, (1 - prior) * low];
  return { pieces, count, heights, joint, others, posterior: joint / (joint + others) };
}

export function frame(values) {
  const { prior, hypothesis, other, unit, evidence, seen } = values;
  const { count, heights, posterior } = situation(values);
  const at = axes({ x: [0, PEOPLE], y: [0, 1] });
  const split = PEOPLE * prior;
  const pair = ([high, low], style) =>
    [[[0, split, high], "ex-a"], [[split, PEOPLE, low], "ex-b"]].map(([box, colour]) => bars(at, [box], `ex-bar ${style} ${colour}`));
  const picture = plot(at, {
    marks: [
      ...pair([1, 1], "ex-ruled-out"),
      ...heights.slice(0, Math.max(count, 1)).flatMap((height, i) => pair(height, i === count - 1 ? "" : "ex-pale")),
    ],
    xticks: [[split / 2, escape(hypothesis)], [(split + PEOPLE) / 2, escape(other)]],
    yticks: [0, 0.5, 1].map((v) => [v, String(v)]),
    xlabel: `${number(PEOPLE, 0)} ${escape(unit)}, each group as wide as it is large`,
    ylabel: `share with the evidence: ${escape(evidence.slice(0, Math.max(count, 1)).join(", "))}`,
  });
  const belief = (p) => [[p, "ex-a"], [1 - p, "ex-b"]];
  const shares = rows([
    { label: `${escape(hypothesis)}, before`, parts: belief(prior), text: number(prior) },
    { label: seen ? `after: ${escape(seen)}` : "after nothing seen", parts: belief(posterior), text: shown("posterior", number(posterior)) },
  ]);
  return `${picture}${shares}${equation(values)}<p class="ex-readout">${verdict(values)}</p>`;
}

function equation(values) {
  const { pieces, count, posterior } = situation(values);
  const ratios = pieces.slice(0, count).map(([hit, alarm], i) => `<span>× likelihood ratio ${shown(`ratio ${i + 1}`, brief(hit / alarm))}</span> `);
  return (
    `<p class="ex-equation"><span>Odds before ${shown("odds before", brief(odds(values.prior)))}</span> ${ratios.join("")}` +
    `<span>= odds after ${shown("odds after", brief(odds(posterior)))}</span></p>`
  );
}

function verdict(values) {
  const { joint, others, posterior, count } = situation(values);
  const { hypothesis, other, unit, sensitivity } = values;
  const [blue, red] = [joint, others].map((share) => PEOPLE * share);
  const all =
    `${swatch("ex-a")}${shown("blue", brief(blue))} ${escape(hypothesis)} and ${swatch("ex-b")}${shown("red", brief(red))} ` +
    `${escape(other)} of ${number(PEOPLE, 0)} ${escape(unit)} remain.`;
  if (!count) return `Nothing is ruled out: ${all}`;
  return (
    `${all} ${brief(blue)} / ${brief(blue + red)} = <b>${number(posterior)}</b>. ` +
    `The rate ${number(sensitivity, 2)} goes from ${escape(hypothesis)} to the evidence; this goes the other way.`
  );
}

export function say(values) {
  return `${words(verdict(values))} ${words(equation(values))}`;
}
