// Comfort for readers with scripts: theme, copying code, the section being read, printing. Nothing depends on it.
const root = document.documentElement;

// Dark or light: the button turns away from what is shown; choosing the system's own mode forgets the choice.
const system = matchMedia("(prefers-color-scheme: dark)");
document.querySelector(".theme-button")?.addEventListener("click", () => {
  const shown = root.dataset.theme === "auto" ? (system.matches ? "dark" : "light") : root.dataset.theme;
  const wanted = shown === "dark" ? "light" : "dark";
  const isSystems = wanted === (system.matches ? "dark" : "light");
  root.dataset.theme = isSystems ? "auto" : wanted;
  try {
    if (isSystems) localStorage.removeItem("theme");
    else localStorage.setItem("theme", wanted);
  } catch {
    // A browser that stores nothing keeps the choice for this page.
  }
});

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
const scrollers = document.querySelectorAll("pre, .formula, .table-scroll, .output.text_html, .math");
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

// Paper cannot be unfolded.
let folded = [];
addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("article details:not([open])")];
  for (const details of folded) details.open = true;
});
addEventListener("afterprint", () => {
  for (const details of folded) details.open = false;
});
