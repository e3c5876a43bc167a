// The race of evidence: toss a hidden coin and watch the log-odds of two stories about it walk until they reach a line.
import { count, real, seed, texts } from "./kit/inputs.js";
import { LN2, kl } from "./kit/math/information.js";
import { race } from "./kit/math/odds.js";
import { uniforms } from "./kit/math/random.js";
import { axes, escape, line, number, plot, shown, swatch, words } from "./kit/plot.js";

const heads = (value) => real(value, { min: 0.01, max: 0.99 })();

export const inputs = {
  names: texts(["loaded", "fair"], { minItems: 2, maxItems: 2 })(),
  a: heads(0.6),
  b: heads(0.5),
  tosses: count(0)({ kind: "button", label: "Toss" }),
  tens: count(0)({ kind: "button", label: "Toss ten" }),
  seed: seed(1)({ label: "Another coin", resets: ["tosses", "tens"] }),
  odds: count(19, { min: 2, max: 999 })({ label: "Decision lines", max: 99, text: ({ odds }) => `${odds} to 1` }),
};

export const prompt = ({ names, a, b }) =>
  `A coin is ${escape(names[0])} (chance of heads ${a}) or ${escape(names[1])} (${b}), one as likely as the other. How many tosses will it ` +
  `take until the odds for one of them reach a line? Guess, then toss.`;

const NEAR = 1e-9; // what rounding may do to a sum of logarithms
const bits = (ratio) => Math.log(ratio) / LN2;

/** What a head and a tail add to the log-odds, and what a toss of either coin adds on average, in bits. */
export function prepare({ a, b }) {
  if (a === b) throw new Error("evidence-race: a and b must differ");
  const [one, two] = [a, b].map((p) => [p, 1 - p]);
  return { head: bits(a / b), tail: bits((1 - a) / (1 - b)), drifts: [kl(one, two) / LN2, -kl(two, one) / LN2] };
}

/** The hidden coin (0 or 1) and the walk of the log-odds so far, as [toss, bits]; it ends at a line. */
function walk({ a, b, tosses, tens, odds, ...values }, { head, tail }) {
  const uniform = uniforms(values.seed);
  const rule = bits(odds);
  const coin = uniform() < 0.5 ? 0 : 1;
  const points = [[0, 0]];
  let landed = 0;
  const over = () => Math.abs(points.at(-1)[1]) > rule - NEAR;
  for (let n = 1; n <= tosses + 10 * tens && !over(); n += 1) {
    if (uniform() < [a, b][coin]) landed += 1;
    points.push([n, landed * head + (n - landed) * tail]);
  }
  return { coin, points, landed, n: points.length - 1, lead: points.at(-1)[1], over: over() };
}

export function frame(values, ready) {
  const { points, n, lead, over } = walk(values, ready);
  const rule = bits(values.odds);
  const most = Math.max(1.35 * rule, ...points.map(([, v]) => 1.05 * Math.abs(v)));
  const right = [50, 100, 200, 400, 800, 1600].find((v) => v >= n) ?? n;
  const at = axes({ x: [0, right], y: [-most, most] });
  const named = (side) => `${values.odds} to 1: ${escape(values.names[side])}`;
  const mean = (drift) => line(at, [[0, 0], [right, drift * right]], "ex-line ex-faint");
  const means = over ? ready.drifts.map(mean) : [];
  const picture = plot(at, {
    marks: [
      ...means,
      ...[rule, -rule].map((v) => line(at, [[0, v], [right, v]], "ex-goal")),
      line(at, points, "ex-line ex-ink"),
    ],
    xticks: [0, right / 2, right].map((v) => [v, number(v, 0)]),
    yticks: [-rule, 0, rule].map((v) => [v, number(v, 2)]),
    xlabel: "tosses",
    ylabel: "log-odds, bits",
    notes: [
      { x: 0, y: rule, text: named(0), style: "ex-above ex-a" },
      { x: 0, y: -rule, text: named(1), style: "ex-under ex-b" },
      { x: n, y: lead, style: n ? sideOf(lead) : "ex-ink" },
    ],
  });
  return `${picture}<p class="ex-equation">${standing(values, ready)}</p><p class="ex-readout">${outcome(values, ready)}</p>`;
}

const sideOf = (lead) => (lead >= 0 ? "ex-a" : "ex-b");

function standing(values, ready) {
  const { n, landed, lead } = walk(values, ready);
  const ahead =
    `odds of ${shown("odds", number(2 ** Math.abs(lead), 1))} to 1 for ` +
    `${swatch(sideOf(lead))}${escape(values.names[lead >= 0 ? 0 : 1])}`;
  return (
    `Coin ${shown("coin", values.seed)}: ${shown("heads", landed)} heads in ${shown("tosses", n)} tosses. ` +
    `The evidence is ${shown("bits", number(lead, 2))} bits, ${Math.abs(lead) < NEAR ? "even odds" : ahead}.`
  );
}

/** Nothing is told before the race is over; then the coin, how often such a decision is wrong, and what the lines cost. */
function outcome(values, ready) {
  const { names, a, b, odds } = values;
  const { coin, lead, over } = walk(values, ready);
  if (!over) return `Which coin it is stays hidden until the odds reach ${odds} to 1.`;
  const decided = lead > 0 ? 0 : 1;
  const [one, two] = [a, b].map((p) => race(p, { heads: ready.head, tails: ready.tail, line: bits(odds) }));
  const [up, down] = ready.drifts.map((drift) => number(Math.abs(drift), 4));
  const [first, second] = names.map(escape);
  return (
    `The race is over. It decides for ${escape(names[decided])}, and the coin is ${escape(names[coin])}: ` +
    `<b>${decided === coin ? "right" : "wrong"}</b>. ` +
    `A race to ${odds} to 1 takes ${shown("mean", number((one.tosses + two.tosses) / 2, 0))} tosses on average over both coins, ` +
    `and ${shown("errs", number(50 * (one.b + two.a), 1))} % of the decisions are wrong. The thin lines are the average walks: ` +
    `${shown("drift", up)} bits a toss if the coin is ${first}, ${shown("other drift", down)} the other way if it is ${second}.`
  );
}

export function say(values, ready) {
  return `${words(standing(values, ready))} ${words(outcome(values, ready))} The lines stand at ${values.odds} to 1.`;
}
