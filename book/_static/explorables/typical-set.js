// The typical set of a coin: its chance and its share of all sequences against the number of tosses, exact.
import { count, probability, real } from "./kit/inputs.js";
import { entropy, LN2, surprisal } from "./kit/math/information.js";
import { logSpaced } from "./kit/math/random.js";
import { headsChance, logFactorials, typicalHeads, typicalSet } from "./kit/math/typical.js";
import { axes, band, legend, line, number, plot, shown, words } from "./kit/plot.js";

const MOST = 10000; // tosses

export const inputs = {
  p: probability(0.7)({ label: "Chance of heads, p", min: 0.5, max: 0.95, text: ({ p }) => number(p, 2) }),
  epsilon: real(0.05, { above: 0, max: 1 })({ label: "Tolerance ε, bits a toss", min: 0.01, max: 0.3 }),
  n: count(100, { min: 1, max: MOST })({ label: "Tosses, n", perDecade: 20, text: ({ n }) => number(n, 0) }),
};

export const prompt =
  "A sequence of n tosses is typical if its surprise per toss is within ε of the entropy. With more tosses, do the typical " +
  "ones become more probable? Do they become a larger share of all sequences? Is the likeliest sequence typical? Guess; " +
  "then raise n.";

export function prepare({ p }) {
  if (p <= 0 || p >= 1) throw new Error("typical-set: p must be between 0 and 1");
  return { logs: logFactorials(MOST), grid: logSpaced(MOST, 10) };
}

/** The likeliest sequence is all heads, or all tails where these are likelier. */
function likeliest({ n, p, epsilon }) {
  const [from, to] = typicalHeads(n, p, epsilon);
  const edge = p >= 0.5 ? n : 0;
  return { share: edge / n, bits: surprisal(Math.max(p, 1 - p)) / LN2, typical: from <= edge && edge <= to };
}

export function frame(values, ready) {
  return (
    `<div class="ex-pair">${heads(values, ready)}${against(values, ready)}</div>` +
    legend([["ex-a", "typical: their probability"], ["ex-b", "their share of all sequences"]]) +
    `<p class="ex-readout">${verdict(values, ready)}</p>`
  );
}

/** How likely each share of heads is; the typical ones are blue, the likeliest sequence lies at the edge. */
function heads(values, { logs }) {
  const { n, p, epsilon } = values;
  const [from, to] = typicalHeads(n, p, epsilon);
  const top = headsChance(Math.min(n, Math.floor((n + 1) * p)), n, p, logs);
  const at = axes({ x: [-0.02, 1.02], y: [0, 1.1 * top] });
  const chances = Array.from({ length: n + 1 }, (_, k) => headsChance(k, n, p, logs));
  // Each stair is one shape: thousands of bars would leave nothing between their edges.
  const stairs = (low, high, style) => {
    const seen = [...chances.keys()].filter((k) => low <= k && k <= high && chances[k] > top / 500);
    const steps = seen.flatMap((k) => [[(k - 0.5) / n, 0, chances[k]], [(k + 0.5) / n, 0, chances[k]]]);
    return seen.length ? [band(at, steps, style)] : [];
  };
  const { share, typical } = likeliest(values);
  return plot(at, {
    marks: [...stairs(0, n, "ex-bar"), ...stairs(from, to, "ex-bar ex-a")],
    xticks: [0, 0.25, 0.5, 0.75, 1].map((v) => [v, String(v)]),
    yticks: [[0, "0"], [top, number(top, top < 0.1 ? 3 : 2)]],
    xlabel: "share of heads",
    ylabel: "probability",
    notes: [{ x: share, y: 0, style: typical ? "ex-a" : "ex-ink" }],
  });
}

function against({ n, p, epsilon }, { logs, grid }) {
  const at = axes({ x: [1, MOST], y: [0, 1], log: true });
  const sets = grid.map((m) => [m, typicalSet(m, p, epsilon, logs)]);
  const here = typicalSet(n, p, epsilon, logs);
  return plot(at, {
    marks: [
      line(at, sets.map(([m, { share }]) => [m, share]), "ex-line ex-b"),
      line(at, sets.map(([m, set]) => [m, set.probability]), "ex-line ex-a"),
    ],
    xticks: [1, 100, MOST].map((v) => [v, number(v, 0)]),
    yticks: [0, 0.25, 0.5, 0.75, 1].map((v) => [v, String(v)]),
    xlabel: "tosses n",
    ylabel: "of the probability, of the sequences",
    notes: [{ x: n, y: here.share, style: "ex-b" }, { x: n, y: here.probability, style: "ex-a" }],
  });
}

function verdict(values, { logs }) {
  const { n, p, epsilon } = values;
  const { probability: chance, size, share } = typicalSet(n, p, epsilon, logs);
  const H = entropy([p, 1 - p]) / LN2;
  const { bits, typical } = likeliest(values);
  const held = chance
    ? `It holds 2<sup>${shown("size", number(size, 1))}</sup> of the 2<sup>${n}</sup> sequences, 2<sup>nH</sup> being ` +
      `2<sup>${shown("nH", number(n * H, 1))}</sup>. That is a share of ${shown("share", number(share))}.${halves(values)}`
    : "It is empty: no number of heads comes so near to the entropy.";
  return (
    `The entropy is ${shown("entropy", number(H, 4))} bits a toss. The typical set has probability ${shown("probability", number(chance))}. ${held} ` +
    `The likeliest single sequence, all ${p >= 0.5 ? "heads" : "tails"}, the dot at the edge, has ` +
    `${shown("likeliest", number(bits, 4))} bits a toss: it is ${typical ? "" : "not "}typical.`
  );
}

/** With the p of the coin near a half, or a large tolerance, the set does not vanish among all sequences. */
function halves({ p, epsilon }) {
  const typical = Math.abs(p - 0.5) * Math.abs(Math.log2(p / (1 - p))) < epsilon;
  return typical ? " Sequences with half heads are typical here, so with more tosses the set comes to hold nearly all." : "";
}

export function say(values, ready) {
  return `${values.n} tosses, p ${number(values.p, 2)}, tolerance ${number(values.epsilon, 2)}: ${words(verdict(values, ready).replaceAll("<sup>", " to the "))}`;
}
