// The law of large numbers: a running mean, the band in which it should lie, and a source that has no mean.
import { choice, count, seed } from "./kit/inputs.js";
import { logSpaced, runningMeans, uniforms } from "./kit/math/random.js";
import { axes, band, line, number, plot, ticks } from "./kit/plot.js";

const MOST = 10000;
const PER_DECADE = 20;
const OTHERS = 6; // faint runs beside the bold one

const SOURCES = {
  coin: { words: "coin (heads = 1)", mean: 0.5, sd: 0.5, range: [0, 1], draw: (u) => (u < 0.5 ? 1 : 0) },
  die: { words: "die", mean: 3.5, sd: Math.sqrt(35 / 12), range: [1, 6], draw: (u) => 1 + Math.floor(6 * u) },
  cauchy: { words: "Cauchy", range: [-10, 10], draw: (u) => Math.tan(Math.PI * (u - 0.5)) },
};

const words = Object.fromEntries(Object.entries(SOURCES).map(([name, source]) => [name, source.words]));

export const inputs = {
  n: count(100, { min: 1, max: MOST })({
    label: "Draws", perDecade: PER_DECADE, text: ({ n }) => number(n, 0),
  }),
  source: choice("coin", words)({ label: "Source" }),
  seed: seed(2)({ label: "New run" }),
};

export const prompt = "Move the number of draws and watch the mean. How fast does it close in? Then change the source: does it always?";

/** One run as [count, running mean] pairs up to n; the bold run has the index 0. */
function run({ source, n, ...values }, index, perDecade) {
  const uniform = uniforms(1000 * values.seed + index);
  const counts = [...logSpaced(MOST, perDecade).filter((c) => c < n), n];
  const means = runningMeans(() => SOURCES[source].draw(uniform()), counts);
  return counts.map((c, i) => [c, means[i]]);
}

export function frame(values) {
  const { mean, sd, range } = SOURCES[values.source];
  const at = axes({ x: [1, MOST], y: range, log: true });
  const bold = run(values, 0, PER_DECADE);
  const others = Array.from({ length: OTHERS }, (_, i) => run(values, i + 1, 10));
  const known = mean !== undefined;
  const grid = logSpaced(MOST, 10).map((c) => [c, 2 / Math.sqrt(c)]);
  const picture = plot(at, {
    marks: [
      ...(known ? [band(at, grid.map(([c, w]) => [c, mean - w * sd, mean + w * sd]), "ex-band"),
        line(at, [[1, mean], [MOST, mean]], "ex-goal")] : []),
      ...others.map((points) => line(at, points, "ex-line ex-faint")),
      line(at, bold, "ex-line ex-a"),
    ],
    xticks: [1, 10, 100, 1000, 10000].map((v) => [v, number(v, 0)]),
    yticks: ticks(...range).map((v) => [v, number(v, values.source === "coin" ? 2 : 0)]),
    xlabel: known ? "draws (dashed: true mean; band: ± 2σ/√n)" : "draws",
    ylabel: "mean so far",
    notes: [{ x: bold.at(-1)[0], y: bold.at(-1)[1], style: "ex-a" }],
  });
  return `${picture}<p class="ex-readout">${verdict(values)}</p>`;
}

function verdict(values) {
  const { n } = values;
  const { mean, sd } = SOURCES[values.source];
  const reached = run(values, 0, PER_DECADE).at(-1)[1];
  const start = `After ${number(n, 0)} ${n === 1 ? "draw" : "draws"} the mean is <b data-value="mean">${number(reached)}</b>`;
  if (mean === undefined) {
    return `${start}. It settles on nothing: the Cauchy has no mean, and the mean of n draws is spread as widely as one draw.`;
  }
  return (
    `${start}, off the true ${number(mean, 1)} by ${number(Math.abs(reached - mean))}; ` +
    `σ/√n = <b data-value="error">${number(sd / Math.sqrt(n))}</b> is typical. Four times the draws halve it.`
  );
}

export function say(values) {
  return verdict(values).replace(/<[^>]*>/g, "");
}
