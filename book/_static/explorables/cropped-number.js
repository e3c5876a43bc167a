// The cropped number: the same digits and three priors; the belief over how many digits were cut off.
import { count, real, text } from "./kit/inputs.js";
import { powerSum } from "./kit/math/powers.js";
import { axes, bars, brief, escape, legend, number, plot, shown, words } from "./kit/plot.js";

export const inputs = {
  digits: text("0042")(),
  thing: text("ticket")(),
  s: real(0, { min: 0, max: 2 })({
    label: "Prior: p(n) ∝ n<sup>−s</sup>", step: 0.05, max: 1.5,
    text: ({ s }) => `s = ${number(s, 2)}${{ 0: " (flat)", 1: " (log-uniform)" }[s] ?? ""}`,
  }),
  kept: count(null, { min: 1 })({
    label: "The picture shows", start: ({ digits }) => digits.length, max: ({ digits }) => digits.length,
    text: ({ digits, kept }) => `…${digits.slice(-kept)}`,
  }),
  longest: count(8, { min: 1, max: 12 })({
    label: "Longest possible", min: ({ digits }) => digits.length, text: ({ longest }) => `${longest} digits`,
  }),
};

export const prompt = ({ digits, thing }) =>
  `A cropped picture shows “${escape(thing)} …${escape(digits)}”. Is that the whole number, or was more cut off? Guess; then slide ` +
  "the prior, which is what you believed about such numbers before you looked. It is p(n) ∝ n<sup>−s</sup>: flat for s = 0, " +
  "log-uniform, 1/n, for s = 1.";

export function prepare({ digits, longest }) {
  const fits = /^\d+$/.test(digits) && digits.length <= longest;
  if (!fits) throw new Error("cropped-number: digits must be at most `longest` digits");
}

const normalised = (weights) => weights.map((w) => w / weights.reduce((total, v) => total + v, 0));

/** Chances that 0, 1, 2, … digits were cut, before the digits are seen and after. */
function beliefs({ digits, s, kept, longest }) {
  const seen = Number(digits.slice(-kept));
  const unit = 10 ** kept;
  const ranges = Array.from({ length: longest - kept + 1 }, (_, d) => [d ? unit * 10 ** (d - 1) : 0, unit * 10 ** d]);
  // Numbers begin at 1: without a hidden digit "0" is none.
  const before = ranges.map(([low, high]) => powerSum(s, Math.max(low, 1), high, 1));
  const after = ranges.map(([low, high]) => powerSum(s, low + seen || unit, high, unit));
  return { seen, before: normalised(before), after: normalised(after) };
}

export function frame(values) {
  const { before, after } = beliefs(values);
  const at = axes({ x: [-0.5, after.length - 0.5], y: [0, 1] });
  const picture = plot(at, {
    marks: [
      bars(at, before.map((p, d) => [d - 0.4, d, p]), "ex-bar ex-pale ex-b"),
      bars(at, after.map((p, d) => [d, d + 0.4, p]), "ex-bar ex-a"),
    ],
    xticks: after.map((_, d) => [d, String(d)]),
    yticks: [0, 0.25, 0.5, 0.75, 1].map((v) => [v, String(v)]),
    xlabel: `digits cut off (0 stands for all numbers of at most ${digitsOf(values.kept)})`,
    ylabel: "probability",
  });
  const key = legend([["ex-b", "prior"], ["ex-a", `posterior, “…${escape(values.digits.slice(-values.kept))}” seen`]]);
  return `${picture}${key}<p class="ex-readout">${verdict(values)}</p>`;
}

const digitsOf = (count) => `${count} ${count === 1 ? "digit" : "digits"}`;

function verdict(values) {
  const { seen, before, after } = beliefs(values);
  const { thing, kept } = values;
  const likeliest = after.indexOf(Math.max(...after));
  const whole = `That nothing was cut off and this is ${escape(thing)} ${seen} has probability ${shown("whole", brief(after[0]))}.`;
  const most = `The likeliest number of digits cut off is ${shown("cut", likeliest)}, with ${shown("most", number(after[likeliest]))}.`;
  const prior =
    `Before the picture, numbers of at most ${digitsOf(kept)} had probability ${shown("short", brief(before[0]))}.`;
  return `${whole} ${likeliest === 0 ? "" : most} ${prior}`;
}

export function say(values) {
  return `With s ${number(values.s, 2)} and numbers of up to ${values.longest} digits: ${words(verdict(values))}`;
}
