// Loads the module of each explorable and question that the page holds, and no other: <ex-name> is name.js.
import { define } from "./kit/element.js";

const tags = [...document.querySelectorAll(".explorable, .question")].map((element) => element.localName);
for (const name of new Set(tags.map((tag) => tag.replace("ex-", "")))) {
  import(`./${name}.js`).then((module) => define(name, module));
}
