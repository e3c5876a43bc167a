// Comfort for readers with scripts: theme, copying code, the section being read, printing. Nothing depends on it.
const root = document.documentElement;

// Dark or light: the system's mode until the reader chooses; choosing the system's own forgets the choice.
const system = matchMedia("(prefers-color-scheme: dark)");
const systems = () => (system.matches ? "dark" : "light");
const store = (change) => {
  try {
    return change(localStorage);
  } catch {
    return null; // A browser that stores nothing keeps the choice for this page.
  }
};
system.addEventListener("change", () => {
  if (!store((kept) => kept.getItem("theme"))) root.dataset.theme = systems();
});
document.querySelector(".theme-button").addEventListener("click", () => {
  const wanted = root.dataset.theme === "dark" ? "light" : "dark";
  root.dataset.theme = wanted;
  store((kept) => (wanted === systems() ? kept.removeItem("theme") : kept.setItem("theme", wanted)));
});

// Browsers load no modules for a page opened from the disk; there the explorables come as plain scripts.
if (location.protocol === "file:") {
  const elements = [...document.querySelectorAll(".explorable, .question")];
  for (const name of new Set(elements.map((element) => element.localName.replace("ex-", "")))) {
    const script = document.createElement("script");
    script.src = `${root.dataset.content_root}_static/explorables/offline/${name}.js`;
    document.head.append(script);
  }
}

// A button on each piece of code.
for (const block of document.querySelectorAll(".cell_input .highlight, .bd-article > section .highlight-bash .highlight, .highlight-console .highlight")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(block.querySelector("pre").textContent.trimEnd());
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
  block.append(button);
}

// What scrolls sideways can be reached from the keyboard.
const scrollers = document.querySelectorAll("pre, .formula, .table-scroll, .cell_output:has(> img), .output.text_html, .math");
const markScrollers = () => {
  for (const box of scrollers) {
    if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
};
addEventListener("resize", markScrollers);
addEventListener("load", markScrollers);
document.fonts?.ready.then(markScrollers);

// The section being read, in the list beside the text.
const links = new Map();
for (const link of document.querySelectorAll(".page-contents-wide a[href^='#']")) {
  const section = document.getElementById(decodeURIComponent(link.hash.slice(1)));
  if (section) links.set(section, link);
}
if (links.size) {
  let current;
  const mark = () => {
    let read;
    for (const section of links.keys()) if (section.getBoundingClientRect().top < innerHeight / 3) read = section;
    if (read === current) return;
    links.get(current)?.removeAttribute("aria-current");
    links.get(read)?.setAttribute("aria-current", "true");
    current = read;
  };
  let waiting = false;
  addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      mark();
    });
  }, { passive: true });
  mark();
}

// Paper cannot be unfolded. Code behind a figure and feedback to a question stay where they are.
let folded = [];
addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("details.fold:not([open])")];
  for (const details of folded) details.open = true;
});
addEventListener("afterprint", () => {
  for (const details of folded) details.open = false;
});
