// The alias table: pour the tall bars into the short ones until all are level; then a column and a coin are a draw.
import { count, distribution, seed, texts } from "./kit/inputs.js";
import { columns, drawFrom, pours } from "./kit/math/alias.js";
import { uniforms } from "./kit/math/random.js";
import { axes, bars, escape, line, number, plot, rows, shown, swatch } from "./kit/plot.js";

const ROOM = 6; // columns: with more of them there is no room for a number in each

export const inputs = {
  p: distribution([0.1, 0.1, 0.1, 0.1, 0.2, 0.4], { minItems: 2, maxItems: 8 })(),
  labels: texts(null, { along: "p" })(),
  seed: seed(1)(),
  step: count(0)({
    label: "Pours", max: (values, { poured }) => poured.length,
    text: ({ step }, { poured }) => `${Math.min(step, poured.length)} of ${poured.length}`,
  }),
  draws: count(0)({ kind: "button", label: "Draw" }),
  thousands: count(0)({ kind: "button", label: "Draw 1000" }),
};

export const prompt = "Pour from the tall bars into the short ones. No column ever holds more than two outcomes: why is that enough?";

export function prepare({ p, labels }) {
  return { poured: pours(p), names: (labels ?? p.map((_, i) => String(i + 1))).map(escape) };
}

const asked = ({ draws, thousands }) => draws + 1000 * thousands;

/** What the table looks like after the pours so far; once it is level, the latest draw and the counts of all. */
function situation({ p, ...values }, { poured }) {
  const step = Math.min(values.step, poured.length);
  const table = columns(p, poured.slice(0, step));
  const level = step === poured.length;
  if (!level || asked(values) === 0) return { step, table, level, draw: null };
  const uniform = uniforms(values.seed);
  const counts = p.map(() => 0);
  let draw;
  for (let n = 0; n < asked(values); n += 1) {
    draw = drawFrom(table, uniform());
    counts[draw.outcome] += 1;
  }
  return { step, table, level, draw, counts };
}

export function frame(values, ready) {
  const { step, table, level, draw, counts } = situation(values, ready);
  const { names, poured } = ready;
  const size = table.length;
  const at = axes({ x: [0, size], y: [0, 1.1 * Math.max(1, size * Math.max(...values.p))] });
  const column = (i, top, foot) => [i + 0.08, i + 0.92, top, foot];
  const filled = poured.slice(0, step);
  const keeps = level ? [...table.keys()] : filled.map(({ column: i }) => i);
  const heights = [0, 1, ...Array.from({ length: 8 }, (_, i) => i + 2).filter((h) => at.up(h) < 100)];
  const picture = plot(at, {
    marks: [
      bars(at, table.map(({ own }, i) => column(i, own, 0)), "ex-bar ex-pale ex-a"),
      bars(at, filled.map(({ column: i }) => column(i, 1, table[i].own)), "ex-bar ex-pale ex-b"),
      line(at, [[0, 1], [size, 1]], "ex-goal"),
    ],
    xticks: names.map((name, i) => [i + 0.5, name]),
    yticks: heights.map((h) => [h, String(h)]),
    xlabel: "column",
    ylabel: `height (probability × ${size})`,
    notes: [
      ...filled.map(({ column: i, from }) => lender(i + 0.5, table[i].own, names[from], size)),
      ...(size > ROOM ? [] : keeps).map((i) => ({
        x: i + 0.5, y: clear(table[i].own, i === draw?.column ? draw.coin : null),
        text: shown(`${names[i]} keeps`, number(table[i].own, 2)), style: "ex-middle",
      })),
      ...(draw ? [{ x: draw.column + 0.5, y: draw.coin, style: "ex-ink" }] : []),
    ],
  });
  const key =
    `<p class="ex-equation"><span>${swatch("ex-pale ex-a")}a column’s own outcome</span> ` +
    `<span>${swatch("ex-pale ex-b")}poured in from another</span></p>`;
  return `${picture}${key}<p class="ex-readout">${verdict(values, ready)}</p>${counts ? tally(values, counts, names) : ""}`;
}

/** The height of a column's number: half of what it keeps, or away from the dot of a draw. */
function clear(own, coin) {
  if (coin === null) return own / 2;
  return coin > own / 2 ? own / 4 : (3 * own) / 4;
}

/** How often each outcome was drawn, as a share, beside its probability. */
function tally({ p, ...values }, counts, names) {
  const n = asked(values);
  const most = Math.max(...p, ...counts.map((c) => c / n));
  const list = counts.map((c, i) => ({
    label: names[i],
    parts: [[c / n / most, "ex-c"]],
    text: `${shown(`share ${i + 1}`, number(c / n))} · p = ${number(p[i])}`,
  }));
  return `<p class="ex-head">shares of the outcomes in ${number(n, 0)} ${n === 1 ? "draw" : "draws"}</p>${rows(list)}`;
}

/** Whose the poured part of a column is and how high: written into it, or above it where it is thin. */
function lender(x, own, name, size) {
  if (own < 0.7) return { x, y: (1 + own) / 2, text: name, style: "ex-middle" };
  return { x, y: 1, text: size > ROOM ? name : `${number(1 - own, 2)} of ${name}`, style: "ex-over" };
}

function verdict(values, ready) {
  const { step, table, level, draw } = situation(values, ready);
  const { poured, names } = ready;
  if (draw) return drawn(values, draw, names);
  if (level) return `All columns are level. Press “Draw”: pick a column, then toss its coin.`;
  if (asked(values) > 0) return "The table cannot draw yet: pour until every column is level.";
  const { p } = values;
  if (step === 0) return `Each bar is ${p.length} times as high as its outcome’s probability. The dashed line is the mean height, 1.`;
  const { column, from, amount } = poured[step - 1];
  const pieces = [table[from].own, ...poured.slice(0, step).filter((pour) => pour.from === from).map((pour) => pour.amount)];
  return (
    `Column ${names[column]} was ${number(1 - amount, 2)} high: ${names[from]} fills it with ${shown("poured", number(amount, 2))}. ` +
    `The pieces of ${names[from]} still add up to ${pieces.map((piece) => number(piece, 2)).join(" + ")} = ` +
    `${shown("height", number(p.length * p[from], 2))}, which is ${p.length} times its probability, ` +
    `${shown("probability", number(p[from]))}.`
  );
}

function drawn(values, { column, coin, outcome, own }, names) {
  const verdictOfCoin = outcome === column ? "the column’s own" : `above the blue part, so it is ${names[outcome]}’s`;
  return (
    `Draw ${shown("draws", number(asked(values), 0))}: column ${names[column]}, coin ${shown("coin", number(coin))} against ` +
    `${shown("kept", number(own))}: ${verdictOfCoin}. The outcome is ${shown("outcome", names[outcome])}.`
  );
}

export function say(values, ready) {
  const text = verdict(values, ready).replace(/<[^>]*>/g, "");
  return `Pour ${situation(values, ready).step} of ${ready.poured.length}. ${text}`;
}
