// A belief about a coin that grows with data: prior, likelihood, posterior, and who decides the mean.
import { count, probability, real, seed } from "./kit/inputs.js";
import { betaPdf, betaQuantile } from "./kit/math/beta.js";
import { uniforms } from "./kit/math/random.js";
import { axes, band, line, number, plot, rows, shown, swatch, words } from "./kit/plot.js";

const ROUND = 20; // tosses at once

const pseudo = (value, side) => real(value, { min: 1 })({ label: `Prior: as if you had seen ${side}`, max: 100, step: 1, text: (v) => number(v[side[0] === "h" ? "a" : "b"], 0) });

export const inputs = {
  a: pseudo(2, "heads"),
  b: pseudo(2, "tails"),
  truth: probability(0.7)({ label: "The coin’s true chance of heads", text: ({ truth }) => number(truth, 2) }),
  heads: count(0)({ kind: "button", label: "A head" }),
  tails: count(0)({ kind: "button", label: "A tail" }),
  rounds: count(0)({ kind: "button", label: `Toss ${ROUND} times` }),
  seed: seed(1)({ label: "Start again", resets: ["heads", "tails", "rounds"] }),
};

export const prompt = "Give the prior a wrong and confident opinion, for example 10 heads and 90 tails. How many tosses will it take to be forgotten? Guess, then toss.";

/** Heads and tails so far, added by hand or tossed, and the belief after them. */
function situation({ a, b, truth, rounds, ...values }) {
  const uniform = uniforms(values.seed);
  let landed = 0;
  for (let i = 0; i < ROUND * rounds; i += 1) landed += uniform() < truth ? 1 : 0;
  const heads = values.heads + landed;
  const tails = values.tails + ROUND * rounds - landed;
  const [A, B] = [a + heads, b + tails];
  return { heads, tails, n: heads + tails, A, B, mean: A / (A + B), interval: [0.025, 0.975].map((p) => betaQuantile(p, A, B)) };
}

export function frame(values) {
  const { a, b, truth } = values;
  const { heads, tails, n, A, B, mean, interval: [low, high] } = situation(values);
  const grid = Array.from({ length: 101 }, (_, i) => i / 100);
  const curve = (c, d) => grid.map((x) => [x, betaPdf(x, c, d)]);
  // The likelihood has no scale of its own: it is drawn with area one.
  const [prior, likelihood, posterior] = [curve(a, b), curve(heads + 1, tails + 1), curve(A, B)];
  const inside = Array.from({ length: 41 }, (_, i) => low + (i / 40) * (high - low));
  const top = 1.1 * Math.max(...[prior, likelihood, posterior].flat().map(([, y]) => y), 1.5);
  const at = axes({ x: [0, 1], y: [0, top] });
  const picture = plot(at, {
    marks: [
      band(at, inside.map((x) => [x, 0, betaPdf(x, A, B)]), "ex-band"),
      line(at, [[truth, 0], [truth, top]], "ex-goal"),
      line(at, prior, "ex-line ex-b"),
      ...(n ? [line(at, likelihood, "ex-line ex-c")] : []),
      line(at, posterior, "ex-line ex-a"),
    ],
    xticks: [0, 0.25, 0.5, 0.75, 1].map((x) => [x, String(x)]),
    yticks: [[0, "0"]],
    xlabel: "chance of heads",
    ylabel: "density",
    notes: [{ x: mean, y: 0, style: "ex-a" }],
  });
  const key =
    `<p class="ex-equation"><span>${swatch("ex-b")}prior</span> <span>${swatch("ex-c")}likelihood, scaled</span> ` +
    `<span>${swatch("ex-a")}posterior with its 95 % interval</span></p>`;
  const share = n / (A + B);
  const voices = rows([{ label: "who decides", parts: [[1 - share, "ex-b"], [share, "ex-c"]], text: shown("data", number(share, 2)) }]);
  return `${picture}${key}${voices}<p class="ex-readout">${verdict(values)}</p>`;
}

function verdict(values) {
  const { heads, tails, n, A, B, mean, interval: [low, high] } = situation(values);
  return (
    `Series ${shown("series", values.seed)}: ${shown("heads", heads)} heads, ${shown("tails", tails)} tails. ` +
    `Posterior Beta(${number(A, 0)}, ${number(B, 0)}): the chance lies between ${shown("low", number(low))} and ${shown("high", number(high))} ` +
    `with 95 %. The next toss lands heads with ${shown("mean", number(mean))}. ` +
    `${n ? `The frequency alone says ${shown("frequency", number(heads / n))}.` : ""}`
  );
}

export function say(values) {
  return `${words(verdict(values))} The true chance is ${number(values.truth, 2)}.`;
}
