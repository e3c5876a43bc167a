// From counts to a density: bars of area one close in on a curve; the unit moves heights, never an area.
import { choice, count, interval, numbers, positive, real, seed, text } from "./kit/inputs.js";
import { gaussianCdf, gaussianPdf } from "./kit/math/gaussian.js";
import { gaussianDraw, uniforms } from "./kit/math/random.js";
import { axes, bars, decimals, escape, line, number, plot, swatch, ticks } from "./kit/plot.js";

const UNITS = { m: 1, mm: 1000 };
const DRAWS = 20000;

export const inputs = {
  values: numbers(null, { minItems: 20, maxItems: 5000 })(),
  mean: real(null)(),
  sd: positive(null)(),
  seed: seed(1)(),
  interval: interval(null)(),
  label: text("height")(),
  bins: count(2, { min: 1, max: 20 })({ label: "Bins in the blue strip", text: width }),
  unit: choice("m", { m: "metres", mm: "millimetres" })({ label: "Unit" }),
};

export const prompt = "More bins: the bars close in on a curve. Change the unit: which numbers move, and which do not?";

/** The sample, its curve if known, and the shaded interval; all in metres. */
export function prepare({ values, mean, sd, ...given }) {
  const curve = values && (mean === null || sd === null) ? null : { mean: mean ?? 1.7, sd: sd ?? 0.08 };
  const uniform = uniforms(given.seed);
  const sample = values ?? Array.from({ length: DRAWS }, () => gaussianDraw(uniform, curve.mean, curve.sd));
  const sorted = Float64Array.from(sample).sort();
  const quantile = (q) => sorted[Math.floor(q * (sorted.length - 1))];
  const shade = given.interval ?? (curve ? [curve.mean, curve.mean + 1.25 * curve.sd] : [quantile(0.5), quantile(0.75)]);
  const range = curve && !values ? [curve.mean - 4 * curve.sd, curve.mean + 4 * curve.sd] : [sorted[0], sorted.at(-1)];
  const inside = sorted.filter((v) => v >= shade[0] && v < shade[1]).length / sorted.length;
  const whole = { sorted, curve, shade, range, inside };
  const peaks = [curve ? gaussianPdf(0, 0, curve.sd) : 0, tallest(histogram(whole, 8))];
  return { ...whole, top: 1.2 * Math.max(...peaks) };
}

/** Bars [left, right, density] with `count` of them exactly filling the shaded interval. */
function histogram({ sorted, shade: [low, high] }, count) {
  const width = (high - low) / count;
  const counts = new Map();
  for (const v of sorted) {
    const bin = Math.floor((v - low) / width);
    counts.set(bin, (counts.get(bin) ?? 0) + 1);
  }
  return [...counts].map(([bin, c]) => [low + bin * width, low + (bin + 1) * width, c / (sorted.length * width)]);
}

const tallest = (columns) => Math.max(...columns.map(([, , height]) => height));

/** A length given in metres, in the chosen unit, to three digits. */
function length(metres, unit) {
  return `${Number((metres * UNITS[unit]).toPrecision(3))} ${unit}`;
}

/** A density given per metre, in the chosen unit, to three digits. */
function density(perMetre, unit) {
  return `${Number((perMetre / UNITS[unit]).toPrecision(3))} per ${unit}`;
}

function width({ bins, unit }, { shade: [low, high] }) {
  return `${bins}, ${bins === 1 ? "" : "each "}${length((high - low) / bins, unit)} wide`;
}

export function frame({ values, label, bins, unit }, sample) {
  const { sorted, curve, shade, range, top, inside } = sample;
  const scale = UNITS[unit];
  const columns = histogram(sample, bins);
  const shaded = ([left, right]) => left > shade[0] - 1e-9 && right < shade[1] + 1e-9;
  const at = axes({ x: range, y: [0, top] });
  const grid = Array.from({ length: 101 }, (_, i) => range[0] + (i / 100) * (range[1] - range[0]));
  const heights = ticks(0, top);
  const places = ticks(...range, 5);
  const picture = plot(at, {
    marks: [
      bars(at, columns.filter((c) => !shaded(c)), "ex-bar"),
      bars(at, columns.filter(shaded), "ex-bar ex-a"),
      ...(curve ? [line(at, grid.map((x) => [x, gaussianPdf(x, curve.mean, curve.sd)]), "ex-line ex-ink")] : []),
    ],
    xticks: places.map((x) => [x, number(x * scale, decimals(places.map((v) => v * scale)))]),
    yticks: heights.map((h) => [h, number(h / scale, decimals(heights.map((v) => v / scale)))]),
    xlabel: `${escape(label)}, ${unit} (${number(sorted.length, 0)} ${values ? "measured" : "simulated"})`,
    ylabel: `density, per ${unit}`,
  });
  return picture + equation(shade, inside, unit) + `<p class="ex-readout">${remark(sample, columns, unit)}</p>`;
}

function equation([low, high], inside, unit) {
  return (
    `<p class="ex-equation"><span>${swatch("ex-a")}mean density <b data-value="density">${density(inside / (high - low), unit)}</b></span> ` +
    `<span>× width <b>${length(high - low, unit)}</b></span> ` +
    `<span>= probability <b data-value="probability">${number(inside)}</b></span></p>`
  );
}

function remark({ curve, shade }, columns, unit) {
  const area = columns.reduce((total, [left, right, height]) => total + (right - left) * height, 0);
  const under = curve && gaussianCdf(shade[1], curve.mean, curve.sd) - gaussianCdf(shade[0], curve.mean, curve.sd);
  const peak = tallest(columns) / UNITS[unit];
  return (
    `Tallest bar: ${density(tallest(columns), unit)}${peak > 1 ? ", above 1, as a density may be" : ""}. ` +
    `Area of all bars: <b data-value="area">${number(area)}</b>. ` +
    (curve ? `Area under the curve in the blue strip: <b data-value="curve">${number(under)}</b>.` : "")
  );
}

export function say({ bins, unit }, { shade, inside }) {
  const text = equation(shade, inside, unit).replace(/<[^>]*>/g, "");
  return `${bins} ${bins === 1 ? "bin" : "bins"} in the blue strip. ${text}`;
}
