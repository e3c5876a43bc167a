// Huffman's code built join by join: the two lightest become one. Each join halves what the words below it cost of
// Kraft's budget; when one tree is left, the words cost the whole budget and no more.
import { count, numbers, text, texts } from "./kit/inputs.js";
import { depths, joins } from "./kit/math/coding.js";
import { entropy, LN2 } from "./kit/math/information.js";
import { axes, brief, escape, line, number, plot, rows, shown, words } from "./kit/plot.js";

export const inputs = {
  counts: numbers([5, 2, 2, 1, 1], { min: 0, minItems: 2, maxItems: 10 })(),
  labels: texts(["a", "b", "r", "c", "d"], { along: "counts" })(),
  unit: text("counts")(),
  step: count(1)({
    label: "Joins", max: (values, { pairs }) => pairs.length,
    text: (values, { pairs }) => `${made(values, pairs)} of ${pairs.length}`,
  }),
};

const made = ({ step }, pairs) => Math.min(step, pairs.length);

export const prompt =
  "The two lightest are joined into one, again and again. Which symbols will have the longest words, and how long? " +
  "Guess; then join.";

export function prepare({ counts, labels }) {
  if (counts.some((n) => n <= 0)) throw new Error("huffman: counts must be above 0");
  const pairs = joins(counts);
  const nodes = counts.map((weight) => ({ weight, height: 0, leaves: 1 }));
  for (const [light, heavy] of pairs) {
    const [one, two] = [nodes[light], nodes[heavy]];
    nodes.push({ weight: one.weight + two.weight, height: Math.max(one.height, two.height) + 1, leaves: one.leaves + two.leaves });
  }
  place(nodes, pairs, counts.length, nodes.length - 1, 0);
  const total = nodes.at(-1).weight;
  return { pairs, nodes, total, names: labels.map(escape), H: entropy(counts.map((n) => n / total)) / LN2 };
}

/** Give each node below this one its place across, the heavier of two on the left, so that no branches cross. */
function place(nodes, pairs, size, node, left) {
  if (node < size) {
    nodes[node].x = left;
    return;
  }
  const [light, heavy] = pairs[node - size];
  place(nodes, pairs, size, heavy, left);
  place(nodes, pairs, size, light, left + nodes[heavy].leaves);
  nodes[node].x = (nodes[light].x + nodes[heavy].x) / 2;
}

/** The words as far as the joins go, read from the top: 0 to the left, 1 to the right. */
function wordsOf(size, pairs) {
  const word = Array(size + pairs.length).fill("");
  for (let s = pairs.length - 1; s >= 0; s -= 1) pairs[s].forEach((node, bit) => (word[node] = `${word[size + s]}${1 - bit}`));
  return word.slice(0, size);
}

function situation(values, { pairs, nodes, total }) {
  const size = values.counts.length;
  const done = pairs.slice(0, made(values, pairs));
  const lengths = depths(size, done);
  const mean = lengths.reduce((sum, n, i) => sum + n * values.counts[i], 0) / total;
  return { size, done, lengths, word: wordsOf(size, done), mean, joined: done.map((_, s) => nodes[size + s]), nodes };
}

export function frame(values, ready) {
  const { size, done, joined, nodes, lengths, word } = situation(values, ready);
  const { names } = ready;
  const at = axes({ x: [-0.6, size - 0.4], y: [0, nodes.at(-1).height + 0.2] });
  const branches = ([light, heavy], { height }) =>
    [[nodes[heavy].x, nodes[heavy].height], [nodes[heavy].x, height], [nodes[light].x, height], [nodes[light].x, nodes[light].height]];
  const latest = done.length - 1;
  const picture = plot(at, {
    marks: done.map((pair, s) => line(at, branches(pair, joined[s]), `ex-line ${s === latest ? "ex-b" : "ex-a"}`)),
    xticks: names.map((name, i) => [nodes[i].x, `${name}<br>${weighed(values.counts[i])}`]),
    yticks: [],
    xlabel: "&nbsp;",
    ylabel: `trees over ${escape(values.unit)}: 0 is to the left, 1 to the right`,
    notes: joined.map(({ x, height, weight }, s) => (
      { x, y: height - 0.45, text: weighed(weight), style: `ex-middle ${s === latest ? "ex-b" : "ex-a"}` }
    )),
  });
  const across = [...names.keys()].sort((i, j) => nodes[i].x - nodes[j].x);
  const budget = rows(across.map((i) => (
    { label: names[i], parts: [[2 ** -lengths[i], "ex-c"]], text: word[i] || "no bits" }
  )));
  return `${picture}<p class="ex-head">What each word costs of Kraft’s budget, 2<sup>−length</sup></p>${budget}<p class="ex-readout">${verdict(values, ready)}</p>`;
}

/** Counts as they are; other weights with three digits. */
const weighed = (v) => (Number.isInteger(v) ? number(v, 0) : brief(v));

function verdict(values, ready) {
  const { size, done, joined, lengths, mean } = situation(values, ready);
  const { names, pairs, H } = ready;
  const cost = lengths.reduce((sum, n) => sum + 2 ** -n, 0);
  if (!done.length) return `Each of ${shown("cost", number(cost, 0))} symbols is a tree of its own. A word of no bits costs the whole budget, 1.`;
  const named = (node) => (node < size ? `${names[node]} with ${weighed(values.counts[node])}` : `a tree of ${weighed(ready.nodes[node].weight)}`);
  const parts = done.at(-1).map(named);
  const join = `The two lightest, ${parts.join(" and ")}, are joined: together ${shown("joined", weighed(joined.at(-1).weight))}.`;
  if (done.length < pairs.length) {
    return `${join} The words cost ${shown("cost", number(cost, 0))} times the budget, as many as there are trees. On average they have ${shown("mean", number(mean))} bits so far.`;
  }
  return (
    `${join} One tree is left, and the words cost ${shown("cost", number(cost, 0))}, the whole budget. On average a word has ` +
    `${shown("mean", number(mean))} bits; the entropy is ${shown("entropy", number(H))} bits.`
  );
}

export function say(values, ready) {
  const { done, word } = situation(values, ready);
  const known = ready.names.map((name, i) => `${name} ${word[i] || "no bits"}`).join(", ");
  return `Join ${done.length} of ${ready.pairs.length}. ${words(verdict(values, ready))} Words: ${known}.`;
}
