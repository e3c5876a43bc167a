// Shannon's game: guess the next letter of real text until right, with a confidence each time, and pay log2 1/q for it.
// A model has read other text and pays for the same letters.
import { count, numbers, presses, real, text } from "./kit/inputs.js";
import { charge, guessed } from "./kit/math/guessing.js";
import { axes, escape, legend, line, number, plot, shown, ticks, words } from "./kit/plot.js";

const ALPHABET = " abcdefghijklmnopqrstuvwxyz";
const EVEN = Math.log2(ALPHABET.length);
const SEEN = 120; // letters of the text that stay in sight
const SPREAD = "?";

export const inputs = {
  text: text("a message is a choice among the messages that might have been sent and a surprise is its price")(),
  model: numbers(null, { min: 0, along: "text" })(),
  rival: text("the model")(),
  given: count(10, { min: 0 })(),
  c: real(0.5, { min: 0.05, max: 0.99 })({ label: "How sure you are of your guess", text: ({ c }) => `${number(100 * c, 0)} %` }),
  plays: presses()({
    label: "Your guess: press a letter, or reach this line with the Tab key and type",
    keys: [
      ...[...ALPHABET.slice(1)].map((letter) => [letter, letter]),
      [" ", "space"],
      [SPREAD, "?&ensp;Show it: bet evenly on all that are left"],
    ],
    entry: ({ c }, key) => `${key}${key === SPREAD ? "" : c}`,
  }),
  again: count(0)({ kind: "button", label: "Begin again", resets: ["plays"] }),
};

export const prompt = ({ rival, model }) =>
  `Guess the text letter by letter. At random among ${ALPHABET.length} signs a letter costs ${number(EVEN, 2)} bits. How many will it ` +
  `cost you${model ? `, and who pays less, you or ${escape(rival)}` : ""}? Guess; then play at least 20 letters. The fewer they are, the more is luck.`;

export function prepare({ text: whole, model, given }) {
  const strange = [...whole].find((letter) => !ALPHABET.includes(letter));
  if (strange) throw new Error(`shannon-game: the text must be of a to z and single spaces; it has “${strange}”`);
  if (given >= whole.length) throw new Error("shannon-game: given must leave letters to guess");
  if (model?.some((p) => p <= 0 || p > 1)) throw new Error("shannon-game: model must hold probabilities above 0");
  return { letters: [...whole].slice(given), model: model?.slice(given).map((p) => charge(p, true)) };
}

/** "e0.5" is a guess of e with confidence one half. */
const play = (entry) => (entry === SPREAD ? { letter: null } : { letter: entry[0], c: Number(entry.slice(1)) });

const game = ({ plays }, { letters }) => guessed(letters, ALPHABET, plays.map(play));

const average = (costs) => costs.reduce((sum, cost) => sum + cost, 0) / costs.length;

export function frame(values, ready) {
  const { costs } = game(values, ready);
  const n = costs.length;
  const top = Math.max(8, ...costs.map((_, i) => 1.05 * average(costs.slice(0, i + 1))));
  const right = [20, 40, 80, 160, 320].find((v) => v >= n) ?? n;
  const at = axes({ x: [0, right], y: [0, top] });
  const curve = (list) => list.slice(0, n).map((_, i) => [i + 1, average(list.slice(0, i + 1))]);
  const picture = plot(at, {
    marks: [
      line(at, [[0, EVEN], [right, EVEN]], "ex-goal"),
      ...[[ready.model, "ex-line ex-b"], [costs, "ex-line ex-a"]].filter(([list]) => list && n).map(([list, style]) => line(at, curve(list), style)),
    ],
    xticks: [0, right / 2, right].map((v) => [v, number(v, 0)]),
    yticks: ticks(0, top).map((v) => [v, number(v, 0)]),
    xlabel: "letters",
    ylabel: "bits a letter, on average so far",
    notes: [
      { x: right, y: EVEN, text: `at random: ${number(EVEN, 2)}`, style: "ex-at-end" },
      ...(n ? [{ x: n, y: average(costs), style: "ex-a" }] : []),
    ],
  });
  const key = legend([["ex-a", "you"], ...(ready.model ? [["ex-b", escape(values.rival)]] : [])]);
  return `${passage(values, n)}${picture}${key}<p class="ex-equation">${standing(values, ready)}</p><p class="ex-readout">${outcome(values, ready)}</p>`;
}

/** The text as far as it is known, its spaces visible at the end, and a mark for the letter that is sought. */
function passage({ text: whole, given }, n) {
  const known = given + n;
  const before = `${known > SEEN ? "…" : ""}${whole.slice(Math.max(0, known - SEEN), known).replace(/ $/, "␣")}`;
  return `<p class="ex-passage">${escape(before)}${known < whole.length ? "<span>?</span>" : ""}</p>`;
}

function standing(values, ready) {
  const { costs } = game(values, ready);
  const round = `Game ${shown("game", values.again + 1)}:`;
  if (!costs.length) return `${round} no letter is guessed yet. ${stakes(values)}`;
  const rival = ready.model
    ? `; ${escape(values.rival)} paid ${shown("model", number(average(ready.model.slice(0, costs.length)), 2))}`
    : "";
  return `${round} after ${shown("letters", costs.length)} ${costs.length === 1 ? "letter" : "letters"} you paid ${shown("you", number(average(costs), 2))} bits a letter${rival}. ${stakes(values)}`;
}

const stakes = ({ c }) =>
  `At ${number(100 * c, 0)} % a right guess costs ${shown("right", number(charge(c, true), 2))} bits, a wrong one ` +
  `${shown("wrong", number(charge(c, false), 2))}.`;

const named = (letter) => (letter === " " ? "a space" : `“${letter}”`);

function outcome(values, ready) {
  const { costs, open, last } = game(values, ready);
  const paid = (v) => `${shown("paid", number(v, 2))} bits`;
  const over = costs.length === ready.letters.length ? " The text is at its end: begin again, better." : "";
  if (!last) return "A wrong guess rules its letter out, and you guess again. The costs of one letter add up.";
  if (last.again) return `You have ruled out ${named(last.letter)} already; that costs nothing.`;
  if (!last.right) return `It is not ${open.out.map(named).join(", not ")}. This letter has cost ${paid(open.cost)} so far.`;
  const rival = ready.model ? `; ${escape(values.rival)} ${shown("it", number(ready.model[costs.length - 1], 2))}` : "";
  return `It was ${named(last.truth)}. It cost you ${paid(costs.at(-1))}${rival}.${over}`;
}

export function say(values, ready) {
  const { costs } = game(values, ready);
  const known = values.text.slice(0, values.given + costs.length);
  return `${words(outcome(values, ready))} ${words(standing(values, ready))} The text so far ends in “${known.slice(-30)}”.`;
}
