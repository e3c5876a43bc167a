// What every explorable shares: its values, its controls, the order of its parts, and the custom element around them.
// A module exports inputs, prompt (words, or a function of the values it begins with), frame(values, ready) and
// say(values, ready), and prepare(data) if some work is to be done once: what it returns is `ready`.
import { decimals, escape, number } from "./plot.js";

/** Every control takes its keys for itself: a notebook's shortcuts must not see them. */
const OWN_KEYS = 'data-lm-suppress-shortcuts="true"';

/** The values an explorable begins with, and its module's functions applied to what the values have become. */
export function begin(module, given = {}) {
  const inputs = Object.entries(module.inputs);
  const values = Object.fromEntries(inputs.map(([key, { schema }]) => [key, given[key] ?? schema.default]));
  for (const [key, { control }] of inputs) if (control?.start) values[key] ??= control.start(values);
  const data = { ...values };
  let prepared;
  const ready = () => (prepared ??= module.prepare?.(data) ?? {});
  return {
    values,
    prompt: () => (typeof module.prompt === "function" ? module.prompt(values) : module.prompt),
    frame: () => module.frame(values, ready()),
    say: () => module.say(values, ready()),
    controls: () =>
      inputs.filter(([, { control }]) => control).flatMap(([key, { control }]) => {
        if (!control.each) return resolved(key, control, values, ready);
        return values[key].map((_, place) => resolved(key, control, values, ready, place));
      }),
  };
}

/** A control with its words worked out: what is a function becomes what it returns. `item` is its place in a list. */
function resolved(key, control, values, ready, item) {
  const word = (w) => (typeof w === "function" ? w(values, ready(), item) : w);
  const { kind, label, options, list, none, naming, min, max, step, perDecade, text, keys } = control;
  const value = item === undefined ? values[key] : values[key][item];
  if (kind === "button") return { kind, key, label: word(label) };
  if (kind === "tick") return { kind, key, label: word(label), ticked: value };
  if (kind === "keys") return { kind, key, label: word(label), keys: word(keys) };
  if (kind === "choice") {
    const named = (v, i, all) => [escape(v), escape(naming ? naming(all.slice(0, i + 1)) : v)];
    const members = list && [["", escape(none)], ...values[list].map(named)];
    return { kind, key, label: word(label), options: options ?? members, chosen: escape(value ?? "") };
  }
  const place = (v) => (perDecade ? Math.round(perDecade * Math.log10(v)) : v);
  const steps = { min: place(word(min)), max: place(word(max)), step: perDecade ? 1 : step };
  const shown = text ? word(text) : number(value, decimals([0, step]));
  return { kind, key, item, label: word(label), ...steps, place: place(value), text: shown, perDecade };
}

function controlMarkup({ kind, key, item, label, ...control }) {
  const named = `data-key="${key}"${item === undefined ? "" : ` data-item="${item}"`} ${OWN_KEYS}`;
  if (kind === "button") return `<button type="button" class="ex-button" ${named}>${label}</button>`;
  if (kind === "keys") return keysMarkup(key, label, control.keys);
  if (kind === "tick") {
    return `<label class="ex-tick"><input type="checkbox" ${named}${control.ticked ? " checked" : ""}>${label}</label>`;
  }
  if (kind === "range") {
    const { min, max, step, place, text } = control;
    return (
      `<label class="ex-slider"><span>${label}</span><input type="range" ${named} min="${min}" max="${max}" ` +
      `step="${step}" value="${place}" aria-valuetext="${text}"><span class="ex-value" aria-hidden="true">` +
      `${text}</span></label>`
    );
  }
  const radio = ([value, words]) =>
    `<label><input type="radio" ${named} value="${value}"${control.chosen === value ? " checked" : ""}>${words}</label>`;
  return `<fieldset class="ex-choice"><legend>${label}</legend>${control.options.map(radio).join("")}</fieldset>`;
}

/** Keys to press. The group takes the focus, so that one who types needs not walk through its letters. */
function keysMarkup(key, label, keys) {
  const one = ([value, words]) =>
    `<button type="button" class="ex-button" data-key="${key}" value="${escape(value)}"` +
    `${value.length === 1 ? ' tabindex="-1"' : ""}>${words}</button>`;
  return (
    `<fieldset class="ex-keys" tabindex="0" ${OWN_KEYS}><legend>${label}</legend>${keys.map(one).join("")}</fieldset>`
  );
}

/** The whole inside of an explorable as HTML: written by the build, or by the element where the build did not. */
export function body(module, given, alt = "") {
  const { prompt, frame, controls } = begin(module, given);
  return (
    `<div class="ex-body" role="group" aria-label="${escape(alt)}"><p class="ex-prompt">${prompt()}</p>` +
    `<div class="ex-frame">${frame()}</div><div class="ex-controls" inert>${controls().map(controlMarkup).join("")}` +
    `</div><p class="ex-status" role="status"></p></div>`
  );
}

/** In a notebook the style sheet comes with the scripts; a page links it. */
export function addStyle(text) {
  if (document.getElementById("course-explorables")) return;
  const style = Object.assign(document.createElement("style"), { id: "course-explorables", textContent: text });
  document.head.append(style);
}

/** The value at a place of a slider; on a slider by decades a whole number, or one of three digits. */
function moved({ schema, control: { perDecade } }, place) {
  if (!perDecade) return place;
  const value = 10 ** (place / perDecade);
  return schema.type === "integer" ? Math.round(value) : Number(value.toPrecision(3));
}

/** What a control was set to. */
function setting(input, target) {
  if (target.type === "range") return moved(input, Number(target.value));
  if (target.type === "checkbox") return target.checked;
  return target.value || null;
}

/** A letter typed anywhere in a group of keys presses its key; on a button the space bar presses that button. */
function type(event) {
  const group = event.target.closest(".ex-keys");
  const own = event.key === " " && event.target !== group;
  if (!group || own || event.ctrlKey || event.metaKey || event.altKey) return;
  const pressed = [...group.querySelectorAll("button")].find(({ value }) => value === event.key.toLowerCase());
  if (!pressed) return;
  event.preventDefault();
  pressed.click();
}

let groups = 0;

/** Define <ex-name>. A module with `upgrade` works on the markup it finds. */
export function define(name, module) {
  if (customElements.get(`ex-${name}`)) return;
  class Element extends HTMLElement {
    connectedCallback() {
      if (this.dataset.live) return;
      this.dataset.live = "true";
      if (module.upgrade) module.upgrade(this);
      else enliven(this, module);
    }
  }
  customElements.define(`ex-${name}`, Element);
}

/** Make the controls work. A first frame that the build has drawn stays as it is until something moves. */
function enliven(host, module) {
  const given = JSON.parse(host.querySelector('script[type="application/json"]').textContent);
  const built = host.querySelector(".ex-body");
  if (!built) host.insertAdjacentHTML("beforeend", body(module, given, host.dataset.alt));
  const explorable = begin(module, given);
  const { values } = explorable;
  const start = { ...values };
  const memory = built && remember(host, values);
  const find = (selector) => host.querySelector(selector);
  groups += 1;
  for (const radio of host.querySelectorAll("input[type=radio]")) radio.name = `ex-${groups}-${radio.dataset.key}`;

  const showControls = () => {
    for (const { kind, key, item, place, text, chosen, ticked } of explorable.controls()) {
      const input = find(`[data-key="${key}"]${item === undefined ? "" : `[data-item="${item}"]`}`);
      if (kind === "tick") input.checked = ticked;
      if (kind === "choice") {
        for (const radio of host.querySelectorAll(`[data-key="${key}"]`)) radio.checked = escape(radio.value) === chosen;
      }
      if (kind !== "range") continue;
      input.value = place;
      input.setAttribute("aria-valuetext", text);
      input.nextElementSibling.textContent = text;
    }
  };
  let pause;
  const update = () => {
    find(".ex-frame").innerHTML = explorable.frame();
    showControls();
    // Speak once the slider rests, not at every step.
    clearTimeout(pause);
    pause = setTimeout(() => {
      find(".ex-status").textContent = explorable.say();
      memory?.keep();
    }, 400);
  };
  host.addEventListener("input", ({ target }) => {
    const { key, item } = target.dataset;
    const value = setting(module.inputs[key], target);
    values[key] = item === undefined ? value : values[key].with(Number(item), value);
    update();
  });
  host.addEventListener("click", ({ target }) => {
    if (target.localName !== "button") return;
    const { key } = target.dataset;
    const { kind, entry, resets = [] } = module.inputs[key].control;
    if (kind === "keys") values[key] = [...values[key], entry ? entry(values, target.value) : target.value];
    else values[key] += 1;
    for (const other of resets) values[other] = start[other];
    update();
  });
  host.addEventListener("keydown", type);
  if (memory?.recall()) find(".ex-frame").innerHTML = explorable.frame();
  showControls(); // A browser may have put old positions back into the sliders.
  find(".ex-controls").inert = false;
}

/** Keep an explorable's values with the page's entry in the history, so that "back" finds it as it was left. */
function remember(host, values) {
  const name = `${host.localName} ${[...document.querySelectorAll(host.localName)].indexOf(host)}`;
  const kept = () => history.state?.explorables ?? {};
  return {
    recall: () => kept()[name] && Object.assign(values, kept()[name]),
    keep: () => history.replaceState({ ...history.state, explorables: { ...kept(), [name]: values } }, ""),
  };
}
