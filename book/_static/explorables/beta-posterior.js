// A belief about a chance that grows with data: prior, likelihood, posterior, and who decides the mean.
import { count, numbers, probability, real, seed, texts } from "./kit/inputs.js";
import { betaPdf, betaQuantile } from "./kit/math/beta.js";
import { uniforms } from "./kit/math/random.js";
import { axes, band, escape, legend, line, number, plot, rows, shown, words } from "./kit/plot.js";

const ROUND = 20; // draws at once

const name = (i) => ({ outcomes }) => escape(outcomes[i]);
const [head, tail] = [name(0), name(1)];

const imagined = (value, key, of) =>
  real(value, { min: 1 })({
    label: (values) => `Prior: imagined ${of(values)}s`, max: 100, step: 1, text: (values) => whole(values[key]),
  });

const one = (of) => count(0)({ kind: "button", label: (values) => `One ${of(values)}` });

/** A pseudo-count, which need not be whole. */
const whole = (v) => number(v, Number.isInteger(v) ? 0 : 1);

export const inputs = {
  outcomes: texts(["head", "tail"], { minItems: 2, maxItems: 2 })(),
  a: imagined(2, "a", head),
  b: imagined(2, "b", tail),
  truth: probability(0.7)({ label: (values) => `True chance of a ${head(values)}`, text: ({ truth }) => number(truth, 2) }),
  // What was seen before the reader came; it belongs to the first series and to the truth that the page gives.
  seen: numbers([0, 0], { min: 0, minItems: 2, maxItems: 2 })(),
  heads: one(head),
  tails: one(tail),
  rounds: count(0)({ kind: "button", label: `${ROUND} at random` }),
  seed: seed(1)({ label: "Start again", resets: ["heads", "tails", "rounds"] }),
};

export const prompt = (values) =>
  `Give the prior a wrong and confident opinion, such as 2 imagined ${head(values)}s and 18 imagined ${tail(values)}s where the ` +
  `truth is 0.70; another truth clears the data given here. After how much data does the 95 % interval hold the truth? Guess; ` +
  `then let data come. Start again a few times, since runs differ widely.`;

export const prepare = ({ truth, seed, seen }) => ({ seenAt: (values) =>
  values.truth === truth && values.seed === seed ? seen : [0, 0] });

/** The curve of Beta(a, b), drawn where it is not flat. */
function curve(a, b) {
  const mean = a / (a + b);
  const reach = 5 * Math.sqrt((mean * (1 - mean)) / (a + b + 1));
  return spread(Math.max(0, mean - reach), Math.min(1, mean + reach), 80).map((x) => [x, betaPdf(x, a, b)]);
}

const spread = (low, high, parts) => Array.from({ length: parts + 1 }, (_, i) => low + (i / parts) * (high - low));

/** Heads and tails so far, added one by one or drawn, and the belief after them. */
function situation({ a, b, truth, rounds, ...values }, { seenAt }) {
  const uniform = uniforms(values.seed);
  let landed = 0;
  for (let i = 0; i < ROUND * rounds; i += 1) landed += uniform() < truth ? 1 : 0;
  const seen = seenAt({ truth, ...values });
  const heads = seen[0] + values.heads + landed;
  const tails = seen[1] + values.tails + ROUND * rounds - landed;
  const [A, B] = [a + heads, b + tails];
  return { heads, tails, n: heads + tails, A, B, mean: A / (A + B), interval: [0.025, 0.975].map((p) => betaQuantile(p, A, B)) };
}

export function frame(values, ready) {
  const { a, b, truth } = values;
  const { heads, tails, n, A, B, mean, interval: [low, high] } = situation(values, ready);
  // The likelihood has no scale of its own: it is drawn with area one.
  const [prior, likelihood, posterior] = [curve(a, b), curve(heads + 1, tails + 1), curve(A, B)];
  const top = 1.1 * Math.max(...[prior, likelihood, posterior].flat().map(([, y]) => y), 1.5);
  const at = axes({ x: [0, 1], y: [0, top] });
  const picture = plot(at, {
    marks: [
      band(at, spread(low, high, 40).map((x) => [x, 0, betaPdf(x, A, B)]), "ex-band"),
      line(at, [[truth, 0], [truth, top]], "ex-goal"),
      line(at, prior, "ex-line ex-b"),
      ...(n ? [line(at, likelihood, "ex-line ex-c")] : []),
      line(at, posterior, "ex-line ex-a"),
    ],
    xticks: [0, 0.25, 0.5, 0.75, 1].map((x) => [x, String(x)]),
    yticks: [[0, "0"]],
    xlabel: `chance of a ${head(values)}`,
    ylabel: "density",
    notes: [
      { x: mean, y: 0, style: "ex-a" },
      { x: truth, y: 0.94 * top, text: "truth", style: truth < 0.8 ? "ex-after" : "ex-left" },
    ],
  });
  const key = legend([["ex-b", "prior"], ["ex-c", "likelihood, scaled"], ["ex-a", "posterior and its 95 % interval"]]);
  const share = n / (A + B);
  const weights = rows([
    { label: "weight of the data", parts: [[share, "ex-c"], [1 - share, "ex-b"]], text: shown("data", number(share, 2)) },
  ]);
  return `${picture}${key}${weights}<p class="ex-readout">${verdict(values, ready)}</p>`;
}

function verdict(values, ready) {
  const { heads, tails, n, A, B, mean, interval: [low, high] } = situation(values, ready);
  const data = n ? `The data alone say ${shown("frequency", number(heads / n))}.` : "Without data the posterior is the prior.";
  return (
    `Series ${shown("series", values.seed)}: ${shown("heads", heads)} ${head(values)}s, ${shown("tails", tails)} ${tail(values)}s. ` +
    `Posterior Beta(${whole(A)}, ${whole(B)}), 95 % interval ${shown("low", number(low))} to ${shown("high", number(high))}, ` +
    `truth inside: ${low <= values.truth && values.truth <= high ? "yes" : "no"}. ` +
    `The next is a ${head(values)} with probability ${shown("mean", number(mean))}. ${data}`
  );
}

export function say(values, ready) {
  return words(verdict(values, ready));
}
