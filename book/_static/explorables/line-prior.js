// Prior against data in a line fit: the fit lies between least squares and the prior's zero, and lambda says where.
import { count, numbers, positive } from "./kit/inputs.js";
import { deviation, leastSquares, posterior, powers, predict } from "./kit/math/regression.js";
import { axes, band, brief, decimals, legend, line, number, plot, rows, shown, ticks, words } from "./kit/plot.js";

const deviationOf = (value, key, label) =>
  positive(value)({ label, perDecade: 10, min: 0.01, max: 100, text: (values) => brief(values[key]) });

export const inputs = {
  x: numbers([-0.9, -0.6, -0.4, -0.1, 0.2, 0.4, 0.7, 0.9], { minItems: 1, maxItems: 60 })(),
  y: numbers([-1.1, -0.2, -0.6, 0.8, 0.5, 1.4, 1.2, 2.1], { along: "x" })(),
  degree: count(1, { min: 0, max: 6 })(),
  sigma: deviationOf(0.4, "sigma", "Noise in y, σ"),
  tau: deviationOf(0.5, "tau", "Prior on a weight, τ"),
  points: count(null, { min: 0 })({
    label: "Points seen", start: ({ x }) => x.length, max: ({ x }) => x.length,
    text: ({ points, x }) => `${points} of ${x.length}`,
  }),
};

export const prompt =
  "The data pull the fit to the points, the prior pulls every weight to 0. If σ and τ are both doubled, does the " +
  "fitted line move? Does its band? Guess; then try.";

/** The fits to the points seen: MAP with its spread, and least squares where it is one line. */
function fits({ x, y, degree, sigma, tau, points }) {
  const X = x.slice(0, points).map((v) => powers(v, degree));
  const t = y.slice(0, points);
  const squares = (w) => X.reduce((total, row, i) => total + (t[i] - predict(w, row)) ** 2, 0);
  const map = posterior(X, t, degree + 1, sigma, tau);
  const least = points > degree ? leastSquares(X, t) : null;
  const lambda = sigma ** 2 / tau ** 2;
  const size = map.w.reduce((total, v) => total + v * v, 0);
  return { map, least, lambda, misfit: squares(map.w), penalty: lambda * size, floor: least && squares(least.w) };
}

export function frame(values) {
  const { x, y, degree, points } = values;
  const { map, least, lambda, misfit, penalty } = fits(values);
  const pad = 0.25 * (Math.max(...x) - Math.min(...x));
  const [left, right] = [Math.min(...x) - pad, Math.max(...x) + pad];
  const reach = Math.max(...y, 0) - Math.min(...y, 0);
  const [low, high] = [Math.min(...y, 0) - 0.3 * reach, Math.max(...y, 0) + 0.3 * reach];
  const at = axes({ x: [left, right], y: [low, high] });
  const grid = Array.from({ length: 81 }, (_, i) => left + (i / 80) * (right - left));
  const curve = (w) => grid.map((v) => [v, predict(w, powers(v, degree))]);
  const spread = grid.map((v) => {
    const row = powers(v, degree);
    const [middle, sd] = [predict(map.w, row), deviation(map.R, row)];
    return [v, middle - 2 * sd, middle + 2 * sd];
  });
  const [across, up] = [ticks(left, right), ticks(low, high)];
  const picture = plot(at, {
    marks: [
      band(at, spread, "ex-band"),
      line(at, [[left, 0], [right, 0]], "ex-line ex-b"),
      ...(least ? [line(at, curve(least.w), "ex-line ex-c")] : []),
      line(at, curve(map.w), "ex-line ex-a"),
    ],
    xticks: across.map((v) => [v, number(v, decimals(across))]),
    yticks: up.map((v) => [v, number(v, decimals(up))]),
    xlabel: "x",
    ylabel: "y",
    notes: x.slice(0, points).map((v, i) => ({ x: v, y: y[i], style: "ex-ink" })),
  });
  const key = legend([["ex-c", "least squares"], ["ex-b", "prior mean"], ["ex-a", "MAP ± two standard deviations of the fit"]]);
  const share = misfit / (misfit + penalty || 1);
  const cost = rows([
    { label: "misfit + penalty", parts: [[share, "ex-c"], [penalty && 1 - share, "ex-b"]], text: number(misfit + penalty) },
  ]);
  const colours = legend([["ex-c", "misfit"], ["ex-b", "penalty"]]);
  return `${picture}${key}${cost}${colours}<p class="ex-readout">${verdict(values)}</p>`;
}

function verdict(values) {
  const { map, least, lambda, misfit, penalty, floor } = fits(values);
  const ends = deviation(map.R, powers(0, values.degree));
  const unpenalised = least ? `least squares ${shown("least", number(floor))}` : "least squares has no single answer";
  return (
    `λ = σ²/τ² = ${shown("lambda", brief(lambda))}. The MAP fit has the misfit |y − Xw|² = ${shown("misfit", number(misfit))} ` +
    `(${unpenalised}) and the penalty λ|w|² = ${shown("penalty", number(penalty))}. ` +
    `Its height at x = 0 is ${shown("centre", number(map.w[0]))} ± ${shown("band", number(2 * ends))}, which is two standard deviations.`
  );
}

export function say(values) {
  return `With ${values.points} points: ${words(verdict(values))}`;
}
