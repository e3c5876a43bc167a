// The race of evidence: toss a hidden coin, watch the log-odds of two stories about it walk, and decide.
import { count, member, real, seed, texts } from "./kit/inputs.js";
import { LN2, kl } from "./kit/math/information.js";
import { race } from "./kit/math/odds.js";
import { uniforms } from "./kit/math/random.js";
import { axes, escape, line, number, plot, shown, swatch, words } from "./kit/plot.js";

const chance = (value) => real(value, { min: 0.01, max: 0.99 })();

export const inputs = {
  names: texts(["loaded", "fair"], { minItems: 2, maxItems: 2 })(),
  a: chance(0.6),
  b: chance(0.5),
  tosses: count(0)({ kind: "button", label: "Toss" }),
  tens: count(0)({ kind: "button", label: "Toss ten" }),
  seed: seed(1)({ label: "Another coin", resets: ["tosses", "tens", "verdict"] }),
  verdict: member("names")({ label: "Your verdict", none: "not yet" }),
  odds: count(19, { min: 2, max: 999 })({ label: "A rule to compare with", max: 99, text: ({ odds }) => `stop at ${odds} to 1` }),
};

export const prompt = "Someone hands you one of two coins, each as likely: how many tosses will you need to tell which it is? Toss, and give your verdict when you are sure enough.";

const bits = (ratio) => Math.log(ratio) / LN2;

/** What a head and a tail add to the log-odds, and what a toss of either coin adds on average, in bits. */
export function prepare({ a, b }) {
  if (a === b) throw new Error("evidence-race: a and b must differ");
  const [first, second] = [a, b].map((p) => [p, 1 - p]);
  return { heads: bits(a / b), tails: bits((1 - a) / (1 - b)), drifts: [kl(first, second) / LN2, -kl(second, first) / LN2] };
}

/** The hidden coin (0 or 1) and the walk so far, as [toss, bits] from zero. */
function walk({ a, b, tosses, tens, ...values }, { heads, tails }) {
  const uniform = uniforms(values.seed);
  const coin = uniform() < 0.5 ? 0 : 1;
  const points = [[0, 0]];
  let headsSeen = 0;
  for (let n = 1; n <= tosses + 10 * tens; n += 1) {
    if (uniform() < [a, b][coin]) headsSeen += 1;
    points.push([n, headsSeen * heads + (n - headsSeen) * tails]);
  }
  return { coin, points, headsSeen, n: points.length - 1, lead: points.at(-1)[1] };
}

export function frame(values, ready) {
  const { points, n, lead } = walk(values, ready);
  const rule = bits(values.odds);
  const names = values.names.map(escape);
  const most = Math.max(1.3 * rule, ...points.map(([, v]) => 1.05 * Math.abs(v)));
  const right = [50, 100, 200, 400, 800, 1600].find((v) => v >= n) ?? n;
  const at = axes({ x: [0, right], y: [-most, most] });
  const picture = plot(at, {
    marks: [
      ...ready.drifts.map((drift) => line(at, [[0, 0], [right, drift * right]], "ex-line ex-faint")),
      ...[rule, -rule].map((v) => line(at, [[0, v], [right, v]], "ex-goal")),
      line(at, points, "ex-line ex-ink"),
    ],
    xticks: [0, right / 2, right].map((v) => [v, number(v, 0)]),
    yticks: [-rule, 0, rule].map((v) => [v, number(v, 1)]),
    xlabel: "tosses",
    ylabel: `log-odds of ${names[0]} against ${names[1]}, bits`,
    notes: [
      { x: right / 2, y: rule, text: `${values.odds} to 1: ${names[0]}`, style: "ex-over ex-a" },
      { x: right / 2, y: -rule, text: `${values.odds} to 1: ${names[1]}`, style: "ex-under ex-b" },
      { x: n, y: lead, style: lead > 0 ? "ex-a" : lead < 0 ? "ex-b" : "ex-ink" },
    ],
  });
  return `${picture}<p class="ex-equation">${standing(values, ready)}</p><p class="ex-readout">${outcome(values, ready)} ${ruled(values, ready)}</p>`;
}

function standing(values, ready) {
  const { n, headsSeen, lead } = walk(values, ready);
  const side = lead >= 0 ? 0 : 1;
  return (
    `Coin ${shown("coin", values.seed)}: ${shown("heads", headsSeen)} heads in ${shown("tosses", n)} tosses, ${shown("bits", number(lead, 2))} bits: ` +
    `${shown("odds", number(2 ** Math.abs(lead), 1))} to 1 for ${swatch(side ? "ex-b" : "ex-a")}${escape(values.names[side])}.`
  );
}

/** The verdict against the truth, and how often all who give it at these odds err. */
function outcome(values, ready) {
  const { names, verdict } = values;
  if (verdict === null) return "The coin stays hidden until you give a verdict.";
  const { coin, lead } = walk(values, ready);
  const said = names.indexOf(verdict);
  const wrong = 1 / (1 + 2 ** (said === 0 ? lead : -lead));
  return (
    `You said ${escape(verdict)}, and the coin is ${escape(names[coin])}: <b>${said === coin ? "right" : "wrong"}</b>. ` +
    `Of all who say so at these odds ${shown("wrong", number(100 * wrong, 1))} % are wrong.`
  );
}

/** What the rule of stopping at a line costs and how often it errs, over both coins. */
function ruled({ a, b, odds }, { heads, tails, drifts }) {
  const [one, two] = [a, b].map((p) => race(p, { heads, tails, line: bits(odds) }));
  return (
    `To stop at ${odds} to 1 takes ${shown("mean", number((one.tosses + two.tosses) / 2, 0))} tosses on average and is wrong in ` +
    `${shown("errs", number(50 * (one.b + two.a), 1))} %: a toss brings only ${shown("drift", number(drifts[0], 4))} bits if the coin is the first, ` +
    `${shown("other drift", number(-drifts[1], 4))} if it is the second.`
  );
}

export function say(values, ready) {
  return words(`${standing(values, ready)} ${outcome(values, ready)} ${ruled(values, ready)}`);
}
