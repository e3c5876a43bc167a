// Be random: type tosses of an imagined coin against a predictor that learns how you make them.
import { count, presses } from "./kit/inputs.js";
import { charge, expectations } from "./kit/math/guessing.js";
import { headsChance, logFactorials } from "./kit/math/typical.js";
import { axes, brief, line, number, plot, shown, ticks, words } from "./kit/plot.js";

const GOAL = 60; // tosses

export const inputs = {
  order: count(3, { min: 0, max: 6 })({ label: "Tosses it looks back", text: ({ order }) => number(order, 0) }),
  tosses: presses()({
    label: "Your next toss: press, or reach this line with the Tab key and type h or t",
    keys: [["h", "Heads"], ["t", "Tails"]],
  }),
  again: count(0)({ kind: "button", label: "Begin again", resets: ["tosses"] }),
};

export const prompt =
  `Toss an imagined coin ${GOAL} times, as randomly as you can. Before each toss a predictor has settled what it expects, and then ` +
  "pays log<sub>2</sub>(1/q) bits for what comes. A real coin costs any predictor at least 1 bit a toss on average. What will you " +
  "cost it? Guess; then toss.";

/** What each toss cost the predictor, how often it was right, and how often a coin would let it be right so often. */
function situation({ order, tosses }) {
  const heads = tosses.map((toss) => toss === "h");
  const n = heads.length;
  const told = expectations(heads, order);
  const costs = told.map((q, t) => charge(q, heads[t]));
  const right = told.filter((q, t) => (q > 0.5 - 1e-9) === heads[t]).length; // where it wavers it says heads
  const logs = logFactorials(n);
  let luck = 0;
  for (let k = right; k <= n; k += 1) luck += headsChance(k, n, 0.5, logs);
  const switched = heads.filter((head, t) => t && head !== heads[t - 1]).length;
  return { n, costs, right, luck, switched };
}

const average = (list) => list.reduce((sum, v) => sum + v, 0) / list.length;

export function frame(values) {
  const { n, costs } = situation(values);
  const right = Math.max(GOAL, n);
  const means = costs.map((_, t) => average(costs.slice(0, t + 1)));
  const top = Math.max(2, ...means);
  const at = axes({ x: [0, right], y: [0, top] });
  const picture = plot(at, {
    marks: [
      line(at, [[0, 1], [right, 1]], "ex-goal"),
      ...(n ? [line(at, means.map((v, t) => [t + 1, v]), "ex-line ex-a")] : []),
    ],
    xticks: [0, right / 2, right].map((v) => [v, number(v, 0)]),
    yticks: ticks(0, top).map((v) => [v, number(v, 1)]),
    xlabel: "tosses",
    ylabel: "bits a toss you cost it, on average so far",
    notes: [
      { x: 0, y: 1, text: "a real coin", style: "ex-under" },
      ...(n ? [{ x: n, y: means.at(-1), style: "ex-a" }] : []),
    ],
  });
  const typed = values.tosses.slice(-GOAL).join("").toUpperCase();
  return `<p class="ex-passage">${typed}<span>?</span></p>${picture}<p class="ex-readout">${verdict(values)}</p>`;
}

function verdict(values) {
  const { n, costs, right, luck, switched } = situation(values);
  const game = `Game ${shown("game", values.again + 1)}, looking back ${shown("order", values.order)} tosses:`;
  if (!n) return `${game} no toss yet.`;
  const told =
    `${game} ${shown("tosses", n)} tosses cost it ${shown("bits", number(average(costs)))} bits each. ` +
    `It foresaw ${shown("right", right)} of them; as many of a real coin’s it would foresee with probability ${shown("luck", brief(luck))}.`;
  if (n < GOAL) return `${told} There are ${GOAL - n} to go.`;
  const habit = shown("switched", number((100 * switched) / (n - 1), 0));
  return `${told} You changed sides in ${habit} % of the steps; a coin does in 50 %, give or take ${number(50 / Math.sqrt(n - 1), 1)}.`;
}

export function say(values) {
  const latest = values.tosses.length ? `${values.tosses.at(-1) === "h" ? "Heads" : "Tails"}. ` : "";
  return latest + words(verdict(values));
}
