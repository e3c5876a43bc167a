// Loads the module of each explorable that the page holds, and no other.
import { define } from "./element.js";

for (const name of ["coin-kl", "density", "large-numbers", "question", "surprise"]) {
  if (document.querySelector(`ex-${name}`)) {
    import(`./${name}.js`).then((module) => define(name, module));
  }
}
