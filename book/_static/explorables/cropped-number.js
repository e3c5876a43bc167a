// The cropped number: the same digits and three priors; the belief over how many digits were cut off.
import { count, real, text } from "./kit/inputs.js";
import { powerSum } from "./kit/math/powers.js";
import { axes, bars, brief, escape, number, plot, shown, swatch, words } from "./kit/plot.js";

export const inputs = {
  digits: text("0042")(),
  thing: text("ticket")(),
  s: real(0, { min: 0, max: 2 })({
    label: "Prior: number n has a chance in proportion to n<sup>−s</sup>", step: 0.05, max: 1.5,
    text: ({ s }) => `s = ${number(s, 2)}${{ 0: ", flat", 1: ", 1/n" }[s] ?? ""}`,
  }),
  kept: count(null, { min: 1 })({
    label: "Digits the picture shows", start: ({ digits }) => digits.length, max: ({ digits }) => digits.length,
    text: ({ digits, kept }) => `…${digits.slice(-kept)}`,
  }),
  longest: count(8, { min: 1, max: 12 })({
    label: "Digits of the largest possible number", min: ({ digits }) => digits.length,
  }),
};

export const prompt = "Were digits cut off on the left, or is this the whole number? Guess, then say what you had believed about such numbers before: slide the prior.";

export function prepare({ digits, longest }) {
  if (!/^\d+$/.test(digits) || digits.length > longest) throw new Error("cropped-number: digits must be at most `longest` digits");
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
    xlabel: "digits cut off",
    ylabel: "probability",
  });
  const key =
    `<p class="ex-equation"><span>${swatch("ex-b")}prior, by the number’s length</span> ` +
    `<span>${swatch("ex-a")}posterior, the digits …${escape(values.digits.slice(-values.kept))} seen</span></p>`;
  return `${picture}${key}<p class="ex-readout">${verdict(values)}</p>`;
}

function verdict(values) {
  const { seen, before, after } = beliefs(values);
  const { thing, kept } = values;
  const likeliest = after.indexOf(Math.max(...after));
  const whole = `P(it is ${escape(thing)} ${seen}, nothing cut) = ${shown("whole", brief(after[0]))}.`;
  const prior = `Before, P(at most ${kept} ${kept === 1 ? "digit" : "digits"}) = ${shown("short", brief(before[0]))}.`;
  const most = likeliest === 0 ? "" : `Most likely ${shown("cut", likeliest)} digits were cut: ${shown("most", number(after[likeliest]))}.`;
  return `${whole} ${most} ${prior}`;
}

export function say(values) {
  return `With s ${number(values.s, 2)} and numbers of up to ${values.longest} digits: ${words(verdict(values))}`;
}
