// Drawings as strings. The picture is an SVG that stretches to its box; every word is HTML placed over it in
// percent, so that text keeps its size at any width.

const round = (v) => Math.round(10 * v) / 10;

/** A number with its decimals, a true minus sign and thin groups; ∞ where it has no end. */
export function number(value, decimals = 3) {
  if (Math.abs(value) === Infinity) return value > 0 ? "∞" : "−∞";
  const zero = Math.abs(value) < 0.5 * 10 ** -decimals;
  return (zero ? 0 : value)
    .toLocaleString("en-GB", { minimumFractionDigits: decimals, maximumFractionDigits: decimals })
    .replace("-", "−");
}

/** A number with three digits that count. */
export function brief(value) {
  const size = Math.abs(Number(value.toPrecision(3)));
  return number(value, size === 0 ? 2 : Math.max(0, 2 - Math.floor(Math.log10(size))));
}

/** A number of running text under a name, by which tests find it. */
export function shown(name, text) {
  return `<b data-value="${name}">${text}</b>`;
}

/** The words of some markup, to be spoken. */
export function words(markup) {
  return markup.replace(/<[^>]*>/g, "");
}

export function escape(text) {
  return text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** A patch of a colour for running text, to say what the colour stands for. */
export function swatch(colour) {
  return `<i class="ex-swatch ${colour}"></i>`;
}

/** What the colours stand for: pairs of a colour and its words. */
export function legend(pairs) {
  return `<p class="ex-equation ex-key">${pairs.map(([colour, text]) => `<span>${swatch(colour)}${text}</span> `).join("")}</p>`;
}

/** Scales from data to percent of the box; values far outside are held near its edge. */
export function axes({ x, y, log = false }) {
  const scale = log ? Math.log10 : (v) => v;
  const part = (v, [low, high]) => Math.min(Math.max((v - low) / (high - low), -1), 2);
  const across = (v) => 100 * part(scale(v), x.map(scale));
  const up = (v) => 100 * part(v, y);
  return { across, up, point: (a, b) => `${round(10 * across(a))} ${round(1000 - 10 * up(b))}` };
}

export function line(at, points, style) {
  return `<path class="${style}" d="M${points.map(([a, b]) => at.point(a, b)).join("L")}"/>`;
}

/** The area between two curves over the same x. */
export function band(at, points, style) {
  const edge = [...points.map(([a, , high]) => [a, high]), ...points.map(([a, low]) => [a, low]).reverse()];
  return line(at, edge, style).replace('"/>', 'Z"/>');
}

/** Bars [left, right, top, foot] as one path; a foot left out is zero. */
export function bars(at, columns, style) {
  const boxes = columns.map(
    ([left, right, top, foot = 0]) =>
      `M${at.point(left, foot)}L${at.point(left, top)}L${at.point(right, top)}L${at.point(right, foot)}`,
  );
  return `<path class="${style}" d="${boxes.join("")}"/>`;
}

/** Round steps of 1, 2 or 5 times a power of ten that cover [low, high] in some `count` parts. */
export function ticks(low, high, count = 4) {
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5].find((m) => m * power >= 0.999 * raw) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}

/** The decimals that tell equally spaced ticks apart. */
export function decimals([first, second]) {
  return Math.max(0, Math.ceil(-Math.log10(second - first) - 1e-9));
}

/** One chart: marks in the box, ticks [value, text] around it, notes { x, y, text } over it; a dot has no text. */
export function plot(at, { marks, xticks, yticks, xlabel, ylabel, notes = [] }) {
  const grid = yticks.map(([v]) => `M0 ${round(1000 - 10 * at.up(v))}H1000`).join("");
  const words = [
    ...xticks.map(([v, text]) => `<span class="ex-x" style="left:${round(at.across(v))}%">${text}</span>`),
    ...yticks.map(([v, text]) => `<span class="ex-y" style="bottom:${round(at.up(v))}%">${text}</span>`),
    ...notes.map(
      ({ x, y, text = "", style }) =>
        `<span class="${text ? "" : "ex-dot "}${style}" style="left:${round(at.across(x))}%;bottom:${round(at.up(y))}%">${text}</span>`,
    ),
  ];
  return (
    `<div class="ex-plot" aria-hidden="true"><div class="ex-label">${ylabel}</div><div class="ex-box">` +
    `<svg viewBox="0 0 1000 1000" preserveAspectRatio="none"><path class="ex-grid" d="${grid}"/>` +
    `${marks.join("")}</svg>${words.join("")}</div><div class="ex-label ex-below">${xlabel}</div></div>`
  );
}

/** Horizontal bars on one scale: rows { label, parts: [[share, colour]], text }, shares from 0 to 1. */
export function rows(list) {
  const row = ({ label, parts, text }) =>
    `<div class="ex-row"><span>${label}</span><span class="ex-track">` +
    parts.map(([share, colour]) => `<i class="${colour}" style="width:${round(100 * share)}%"></i>`).join("") +
    `</span><span class="ex-number">${text}</span></div>`;
  return `<div class="ex-rows">${list.map(row).join("")}</div>`;
}
