// First frames for the build. In: a JSON list of { name, data, alt }. Out: a JSON list of HTML strings, each to
// stand inside its element after the data.
import { readFileSync } from "node:fs";

import { body } from "./element.js";

const asked = JSON.parse(readFileSync(0, "utf8"));
const frames = asked.map(async ({ name, data, alt }) => body(await import(`../${name}.js`), data, alt));
process.stdout.write(JSON.stringify(await Promise.all(frames)));
