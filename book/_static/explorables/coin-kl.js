// Bet on a coin with a wrong belief: the cost per toss is its entropy plus the KL divergence.
import { probability, seed } from "./kit/inputs.js";
import { LN2, crossEntropy, entropy, kl } from "./kit/math/information.js";
import { logSpaced, runningMeans, uniforms } from "./kit/math/random.js";
import { axes, decimals, line, number, plot, rows, swatch, ticks } from "./kit/plot.js";

export const inputs = {
  p: probability(0.5)({ label: "True chance of heads, p" }),
  q: probability(0.9)({ label: "Your belief, q" }),
  seed: seed(4)({ label: "Toss again" }),
};

export const prompt = "A coin lands heads with chance <b>p</b>; you bet as if it were <b>q</b>. What does a wrong belief cost?";

const SHOWN = 4; // bits: where the bar's scale ends
const FIRST = 10; // tosses: where the chart begins
const TOSSES = 10000;

function costs({ p, q }) {
  const [truth, belief] = [p, q].map((heads) => [heads, 1 - heads]);
  return {
    floor: entropy(truth) / LN2,
    extra: kl(truth, belief) / LN2,
    total: crossEntropy(truth, belief) / LN2,
  };
}

/** The excess of one toss is log2 of true over believed chance of what came up; KL is its mean. */
function excess({ p, q, ...values }) {
  const uniform = uniforms(values.seed);
  const [heads, tails] = [p / q, (1 - p) / (1 - q)].map((ratio) => Math.log(ratio) / LN2);
  const counts = logSpaced(TOSSES, 30);
  const means = runningMeans(() => (uniform() < p ? heads : tails), counts);
  return counts.map((n, i) => [n, means[i]]);
}

export function frame(values) {
  const { floor, extra, total } = costs(values);
  const share = (bits) => Math.min(bits, SHOWN) / SHOWN;
  const shownExtra = share(total) - share(floor);
  const bar = rows([
    {
      label: "bits per toss",
      parts: [[share(floor), "ex-a"], [shownExtra, total > SHOWN ? "ex-b ex-torn" : "ex-b"]],
      text: number(total),
    },
  ]);
  const equation =
    `<p class="ex-equation"><span>You pay H(p, q) = <b data-value="cross-entropy">${number(total)}</b> bits per toss:</span> ` +
    `<span>${swatch("ex-a")}the coin’s entropy H(p) = <b data-value="entropy">${number(floor)}</b></span> ` +
    `<span>+ ${swatch("ex-b")}the wrong belief D<sub>KL</sub>(p‖q) = <b data-value="kl">${number(extra)}</b></span></p>`;
  const run = excess(values);
  return bar + equation + chart(run, extra) + `<p class="ex-readout">${verdict(values, run, extra)}</p>`;
}

function chart(run, extra) {
  const shown = run.filter(([n]) => n >= FIRST);
  const finite = shown.map(([, mean]) => mean).filter(Number.isFinite);
  const level = Number.isFinite(extra) ? extra : 1;
  const high = Math.max(...finite, level) + 0.1 * Math.max(level, 0.1);
  const low = Math.min(...finite, 0);
  const at = axes({ x: [FIRST, TOSSES], y: [low, high], log: true });
  const steps = ticks(low, high);
  const goal = Number.isFinite(extra) ? [line(at, [[FIRST, extra], [TOSSES, extra]], "ex-goal")] : [];
  return plot(at, {
    marks: [...goal, line(at, shown, "ex-line ex-b")],
    xticks: [10, 100, 1000, 10000].map((n) => [n, number(n, 0)]),
    yticks: steps.map((v) => [v, number(v, decimals(steps))]),
    xlabel: "tosses",
    ylabel: "excess paid so far, bits per toss",
    notes: Number.isFinite(extra)
      ? [{ x: TOSSES, y: extra, text: "KL", style: "ex-after" }, { x: TOSSES, y: run.at(-1)[1], style: "ex-b" }]
      : [{ x: FIRST, y: high / 2, text: `↑ infinite by toss ${number(ruin(run), 0)}`, style: "ex-after" }],
  });
}

const ruin = (run) => run.find(([, mean]) => mean === Infinity)[0];

function verdict({ p, q }, run, extra) {
  if (p === q) return "You believe the truth: no excess at all, and no belief does better.";
  if (Number.isFinite(extra)) {
    const paid = run.at(-1)[1];
    return `${number(TOSSES, 0)} simulated tosses: an excess of <b data-value="excess">${number(paid)}</b> bits each; KL says <b>${number(extra)}</b>.`;
  }
  return `You ruled out ${q === 0 ? "heads" : "tails"}. The first one that lands costs infinitely much, and no later luck pays it back.`;
}

export function say(values) {
  const { floor, extra, total } = costs(values);
  const [p, q] = [values.p, values.q].map((heads) => number(heads, 2));
  const cost = `With p = ${p} and q = ${q} a toss costs ${number(total)} bits: entropy ${number(floor)} plus KL ${number(extra)}.`;
  const paid = `Simulated excess in run ${values.seed}: ${number(excess(values).at(-1)[1])} bits per toss.`;
  return `${cost} ${paid}`.replaceAll("∞", "infinity");
}
