// The law of large numbers: a running mean, the band in which it should lie, and a source that has no mean.
import { logSpaced, runningMeans, uniforms } from "./math.js";
import { axes, band, line, number, plot, ticks } from "./plot.js";

export const defaults = { source: "coin", n: 100, seed: 2 };

export const prompt = "Throw more often and watch the mean. How fast does it close in? And does it always?";

const MOST = 10000;
const PER_DECADE = 20;
const OTHERS = 6; // faint runs beside the bold one

const SOURCES = {
  coin: { words: "coin (heads = 1)", unit: "throws", mean: 0.5, sd: 0.5, range: [0, 1], draw: (u) => (u < 0.5 ? 1 : 0) },
  die: { words: "die", unit: "throws", mean: 3.5, sd: Math.sqrt(35 / 12), range: [1, 6], draw: (u) => 1 + Math.floor(6 * u) },
  cauchy: { words: "Cauchy", unit: "draws", range: [-10, 10], draw: (u) => Math.tan(Math.PI * (u - 0.5)) },
};

export function start({ source, n, seed }) {
  return { source, step: Math.round(PER_DECADE * Math.log10(n)), seed };
}

const shown = ({ step }) => Math.round(10 ** (step / PER_DECADE));

export function controls(data, state) {
  const { source } = state;
  const last = PER_DECADE * Math.log10(MOST);
  return [
    {
      kind: "range", key: "step", label: "How many", min: 0, max: last, step: 1,
      text: `${number(shown(state), 0)} ${SOURCES[source].unit}`,
    },
    { kind: "choice", key: "source", label: "Source", options: Object.entries(SOURCES).map(([k, { words }]) => [k, words]) },
    { kind: "button", key: "seed", label: "New run" },
  ];
}

/** One run as [count, running mean] pairs; the bold run is number 0. */
function run({ source, seed }, number, perDecade) {
  const uniform = uniforms(1000 * seed + number);
  const counts = logSpaced(MOST, perDecade);
  const means = runningMeans(() => SOURCES[source].draw(uniform()), counts);
  return counts.map((n, i) => [n, means[i]]);
}

export function frame(data, state) {
  const { mean, sd, range, unit } = SOURCES[state.source];
  const n = shown(state);
  const at = axes({ x: [1, MOST], y: range, log: true });
  const upTo = ([count]) => count <= n;
  const bold = run(state, 0, PER_DECADE).filter(upTo);
  const others = Array.from({ length: OTHERS }, (_, i) => run(state, i + 1, 10).filter(upTo));
  const known = mean !== undefined;
  const grid = logSpaced(MOST, 10).map((count) => [count, 2 / Math.sqrt(count)]);
  const picture = plot(at, {
    marks: [
      ...(known ? [band(at, grid.map(([c, w]) => [c, mean - w * sd, mean + w * sd]), "ex-band"),
        line(at, [[1, mean], [MOST, mean]], "ex-goal")] : []),
      ...others.map((points) => line(at, points, "ex-line ex-faint")),
      line(at, bold, "ex-line ex-a"),
    ],
    xticks: [1, 10, 100, 1000, 10000].map((v) => [v, number(v, 0)]),
    yticks: ticks(...range).map((v) => [v, number(v, state.source === "coin" ? 2 : 0)]),
    xlabel: unit,
    ylabel: "mean so far",
    notes: [
      { x: bold.at(-1)[0], y: bold.at(-1)[1], style: "ex-a" },
      ...(known ? [{ x: MOST, y: mean + sd / 4, text: "true mean ± 2σ/√n", style: "ex-before" }] : []),
    ],
  });
  return `${picture}<p class="ex-readout">${verdict(state)}</p>`;
}

function verdict(state) {
  const { mean, sd, unit } = SOURCES[state.source];
  const n = shown(state);
  const reached = run(state, 0, PER_DECADE).find(([count]) => count === n)[1];
  const start = `After ${number(n, 0)} ${n === 1 ? unit.slice(0, -1) : unit} the mean is <b data-value="mean">${number(reached)}</b>`;
  if (mean === undefined) {
    return `${start}. It settles on nothing: the Cauchy has no mean, and the mean of n draws is spread as widely as one draw.`;
  }
  return (
    `${start}, off the true ${number(mean, 1)} by ${number(Math.abs(reached - mean))}; ` +
    `σ/√n = <b data-value="error">${number(sd / Math.sqrt(n))}</b> is typical. Four times the ${unit} halve it.`
  );
}

export function say(data, state) {
  return verdict(state).replace(/<[^>]*>/g, "");
}
