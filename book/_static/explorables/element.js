// What every explorable shares: its controls, the order of its parts, and the custom element around them.
// A module gives: defaults, prompt, start(data), controls(data, state), frame(data, state), say(data, state).

/** Every control takes its keys for itself: a notebook's shortcuts must not see them. */
const OWN_KEYS = 'data-lm-suppress-shortcuts="true"';

function control({ kind, key, label, text, min, max, step, options }, state) {
  const named = `data-key="${key}" ${OWN_KEYS}`;
  if (kind === "button") return `<button type="button" class="ex-button" ${named}>${label}</button>`;
  if (kind === "range") {
    return (
      `<label class="ex-slider"><span>${label}</span><input type="range" ${named} min="${min}" max="${max}" ` +
      `step="${step}" value="${state[key]}" aria-valuetext="${text}"><span class="ex-value" aria-hidden="true">` +
      `${text}</span></label>`
    );
  }
  const choice = ([value, words]) =>
    `<label><input type="radio" ${named} value="${value}"${state[key] === value ? " checked" : ""}>${words}</label>`;
  return `<fieldset class="ex-choice"><legend>${label}</legend>${options.map(choice).join("")}</fieldset>`;
}

/** The whole inside of an explorable as HTML: for the build, and for the page before its first move. */
export function body(module, data, alt = "", live = false) {
  const full = { ...module.defaults, ...data };
  const state = module.start(full);
  const label = alt.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
  return (
    `<div class="ex-body" role="group" aria-label="${label}"><p class="ex-prompt">${module.prompt}</p>` +
    `<div class="ex-frame">${module.frame(full, state)}</div><div class="ex-controls"${live ? "" : " inert"}>` +
    `${module.controls(full, state).map((c) => control(c, state)).join("")}</div>` +
    `<p class="ex-status" role="status"></p></div>`
  );
}

/** In a notebook the style sheet comes with the scripts; a page links it. */
export function addStyle(text) {
  if (document.getElementById("course-explorables")) return;
  const style = Object.assign(document.createElement("style"), { id: "course-explorables", textContent: text });
  document.head.append(style);
}

let groups = 0;

/** Define <ex-name>. A module with `upgrade` works on the markup it finds; the others draw their own. */
export function define(name, module) {
  if (customElements.get(`ex-${name}`)) return;
  class Element extends HTMLElement {
    connectedCallback() {
      if (this.dataset.live) return;
      this.dataset.live = "true";
      if (module.upgrade) module.upgrade(this);
      else draw(this, module);
    }
  }
  customElements.define(`ex-${name}`, Element);
}

function draw(host, module) {
  const given = JSON.parse(host.querySelector('script[type="application/json"]').textContent);
  host.querySelector(".ex-body")?.remove();
  host.insertAdjacentHTML("beforeend", body(module, given, host.dataset.alt, true));
  const data = { ...module.defaults, ...given };
  const state = module.start(data);
  const find = (selector) => host.querySelector(selector);
  groups += 1;
  for (const radio of host.querySelectorAll("input[type=radio]")) radio.name = `ex-${groups}-${radio.dataset.key}`;
  let pause;

  const update = () => {
    find(".ex-frame").innerHTML = module.frame(data, state);
    for (const { kind, key, text } of module.controls(data, state)) {
      if (kind !== "range") continue;
      const input = find(`[data-key="${key}"]`);
      input.setAttribute("aria-valuetext", text);
      input.nextElementSibling.textContent = text;
    }
    // Speak once the slider rests, not at every step.
    clearTimeout(pause);
    pause = setTimeout(() => (find(".ex-status").textContent = module.say(data, state)), 400);
  };
  host.addEventListener("input", ({ target }) => {
    state[target.dataset.key] = target.type === "range" ? Number(target.value) : target.value;
    update();
  });
  host.addEventListener("click", ({ target }) => {
    if (target.localName !== "button") return;
    state[target.dataset.key] += 1;
    update();
  });
}
