// Surprise log(1/p): rarer is more surprising; for independent events probabilities multiply, surprises add.
import { probability, text } from "./kit/inputs.js";
import { LN2, surprisal } from "./kit/math/information.js";
import { axes, escape, line, number, plot, rows, swatch } from "./kit/plot.js";

const RAREST = 0.01; // where the sliders stop; the bars' scale holds two such events

export const inputs = {
  a: text("A")(),
  b: text("B")(),
  p_a: probability(0.5, { min: RAREST })({ label: ({ a }) => `Probability of ${escape(a)}` }),
  p_b: probability(0.25, { min: RAREST })({ label: ({ b }) => `Probability of ${escape(b)}` }),
};

export const prompt = "Make an event rarer and its surprise grows. Two independent events: what multiplies, what adds?";

const bits = (p) => surprisal(p) / LN2;

export function frame(values) {
  const { p_a, p_b } = values;
  const [a, b] = [escape(values.a), escape(values.b)];
  const both = p_a * p_b;
  const most = 2 * bits(RAREST);
  return (
    `<div class="ex-pair">${curve(p_a, p_b, a, b)}<div>` +
    `<p class="ex-head">Probability: multiply</p>` +
    rows([
      { label: a, parts: [[p_a, "ex-a"]], text: number(p_a, 2) },
      { label: b, parts: [[p_b, "ex-b"]], text: number(p_b, 2) },
      { label: "both", parts: [[both, "ex-c"]], text: number(both, 4) },
    ]) +
    `<p class="ex-head">Surprise, bits: add</p>` +
    rows([
      { label: a, parts: [[bits(p_a) / most, "ex-a"]], text: number(bits(p_a), 2) },
      { label: b, parts: [[bits(p_b) / most, "ex-b"]], text: number(bits(p_b), 2) },
      {
        label: "both",
        parts: [[bits(p_a) / most, "ex-a"], [bits(p_b) / most, "ex-b"]],
        text: number(bits(both), 2),
      },
    ]) +
    `</div></div><p class="ex-equation"><span>${swatch("ex-a")}${sentence(a, p_a)}</span> ` +
    `<span>${swatch("ex-b")}${sentence(b, p_b)}</span> <span>Both: ${value("both", both)}.</span></p>`
  );
}

function value(name, p) {
  return `<b data-value="${name}">${number(bits(p))} bits</b> = ${number(surprisal(p))} nats`;
}

function sentence(name, p) {
  return `${name}: ${value(name, p)}.`;
}

/** A short name stands beside its dot; a long one is left to the colours. */
function named(name, p) {
  const style = p > 0.6 ? "ex-over" : "ex-beside";
  return name.length > 12 ? [] : [{ x: p, y: bits(p), text: name, style }];
}

function curve(p_a, p_b, a, b) {
  const at = axes({ x: [0, 1], y: [0, 8] });
  const grid = Array.from({ length: 100 }, (_, i) => (i + 1) / 100);
  return plot(at, {
    marks: [line(at, grid.map((p) => [p, bits(p)]), "ex-line ex-ink")],
    xticks: [0, 0.25, 0.5, 0.75, 1].map((p) => [p, String(p)]),
    yticks: [0, 2, 4, 6, 8].map((v) => [v, String(v)]),
    xlabel: "probability p",
    ylabel: "surprise log<sub>2</sub>(1/p), bits",
    notes: [
      { x: p_a, y: bits(p_a), style: "ex-a" },
      { x: p_b, y: bits(p_b), style: "ex-b" },
      ...named(a, p_a),
      ...(Math.abs(p_a - p_b) < 0.06 ? [] : named(b, p_b)),
    ],
  });
}

export function say({ a, b, p_a, p_b }) {
  const part = (name, p) => `${name}: ${number(bits(p))} bits`;
  return `${part(a, p_a)}. ${part(b, p_b)}. ${part("Both", p_a * p_b)}.`;
}
