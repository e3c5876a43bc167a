// A distribution to drag: each outcome a block, as wide as it is probable and as high as it is surprising. The area is
// the entropy; beside it what whole bits cost, rounded up and by Huffman's code.
import { distribution, texts } from "./kit/inputs.js";
import { canonicalWords, huffmanLengths } from "./kit/math/coding.js";
import { entropy, LN2, surprisal } from "./kit/math/information.js";
import { axes, bars, escape, legend, line, number, plot, shown, ticks } from "./kit/plot.js";

const TOP = 8; // bits: where the drawing ends
const NARROW = 0.05; // a block that is no wider has no room for its name

export const inputs = {
  p: distribution([0.5, 0.25, 0.125, 0.125], { minItems: 2, maxItems: 8 })({
    label: (values, { names }, i) => `${names[i]}: weight → p`,
    text: (values, ready, i) => `${number(values.p[i], 2)} → ${number(normalised(values.p)[i])}`,
  }),
  labels: texts(null, { along: "p" })(),
};

export const prompt = ({ p }) =>
  `Each of ${p.length} outcomes surprises by log<sub>2</sub>(1/p) bits, and the entropy is the average. Which distribution ` +
  "has the most of it? What does it do when the rarest outcome gets rarer still, and what when the commonest does? Guess; then " +
  "drag. The sliders are weights, and p is a weight’s share of them all.";

export function prepare({ p, labels }) {
  return { names: (labels ?? p.map((_, i) => "ABCDEFGH"[i])).map(escape), start: normalised(p) };
}

/** Sliders are weights; all at zero they are equal. */
function normalised(weights) {
  const total = weights.reduce((sum, w) => sum + w, 0);
  return weights.map((w) => (total ? w / total : 1 / weights.length));
}

const mean = (p, values) => p.reduce((sum, v, i) => (v ? sum + v * values[i] : sum), 0);

/** Probabilities, surprises in bits, and two lists of word lengths: for an outcome that never comes, none. */
function situation({ p: weights }) {
  const p = normalised(weights);
  const possible = [...p.keys()].filter((i) => p[i] > 0);
  const bits = p.map((v) => surprisal(v) / LN2);
  const rounded = bits.map((b) => Math.ceil(b - 1e-9));
  const shortest = huffmanLengths(possible.map((i) => p[i]));
  const given = canonicalWords(shortest);
  const code = new Map(possible.map((i, k) => [i, { word: given[k], length: shortest[k] }]));
  const huffman = p.map((_, i) => code.get(i)?.length ?? Infinity);
  return { p, bits, rounded, huffman, code, H: entropy(p) / LN2, means: [rounded, huffman].map((list) => mean(p, list)) };
}

export function frame(values, { names, start }) {
  const { p, bits, rounded, huffman, H } = situation(values);
  const ends = p.reduce((list, v) => [...list, list.at(-1) + v], [0]);
  const blocks = [...p.keys()].filter((i) => p[i] > 0);
  const top = Math.min(TOP, Math.max(3, ...blocks.map((i) => Math.max(rounded[i], huffman[i]) + 0.5)));
  const at = axes({ x: [0, 1], y: [0, top] });
  const column = (list) => blocks.map((i) => [ends[i], ends[i + 1], Math.min(list[i], top)]);
  const picture = plot(at, {
    marks: [
      bars(at, column(rounded), "ex-bar ex-pale ex-b"),
      bars(at, column(bits), "ex-bar ex-a"),
      line(at, blocks.flatMap((i) => [[ends[i], huffman[i]], [ends[i + 1], huffman[i]]]), "ex-line ex-c"),
      line(at, [[0, H], [1, H]], "ex-goal"),
    ],
    xticks: blocks.filter((i) => p[i] > NARROW).map((i) => [(ends[i] + ends[i + 1]) / 2, names[i]]),
    yticks: ticks(0, top).map((v) => [v, number(v, 0)]),
    xlabel: "width: probability",
    ylabel: "bits",
  });
  const key = legend([["ex-a", "surprise"], ["ex-pale ex-b", "rounded up"], ["ex-c", "Huffman’s word"]]);
  return `${picture}${key}${list(values, names)}<p class="ex-readout">${verdict(values, start)}</p>`;
}

/** Each outcome with its surprise and its words' lengths; their averages below. */
function list(values, names) {
  const { p, bits, rounded, code, H, means } = situation(values);
  const row = (i) => {
    const word = code.get(i) ? code.get(i).word || "no bits" : "none";
    const cells = [number(p[i]), shown(`surprise ${i + 1}`, number(bits[i], 2)), p[i] ? rounded[i] : "none", word];
    return `<tr><th scope="row">${names[i]}</th>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
  };
  const averages = [shown("entropy", number(H)), shown("rounded", number(means[0])), shown("huffman", number(means[1]))];
  return (
    `<table class="ex-table"><thead><tr><th scope="col">outcome</th><th scope="col">p</th><th scope="col">surprise</th>` +
    `<th scope="col">rounded up</th><th scope="col">Huffman</th></tr></thead><tbody>${[...p.keys()].map(row).join("")}` +
    `<tr><th scope="row">average, bits</th><td></td>${averages.map((a) => `<td>${a}</td>`).join("")}</tr></tbody></table>`
  );
}

function verdict(values, start) {
  const { p, H } = situation(values);
  const dragged = p.some((v, i) => Math.abs(v - start[i]) > 1e-9);
  return (
    `The dashed line is the average height, ${number(H)} bits, which is the blue area. The perplexity is ` +
    `${shown("perplexity", number(2 ** H, 2))}: as uncertain as that many equally likely outcomes. ` +
    `With ${p.length} outcomes it is at most ${p.length}, where all are equal.` +
    (dragged ? " If the rarest gets rarer still, the entropy falls; if the commonest does, it rises at first." : "")
  );
}

export function say(values, { names }) {
  const { p, H, means } = situation(values);
  const parts = p.map((v, i) => `${names[i]} ${number(v)}`).join(", ");
  return (
    `${parts}. Entropy ${number(H)} bits, perplexity ${number(2 ** H, 2)}. Words cost ${number(means[0])} bits on average ` +
    `rounded up, ${number(means[1])} by Huffman.`
  );
}
