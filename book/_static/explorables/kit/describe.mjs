// Writes kit/inputs.json: what each explorable may be given, as its module declares it. Python checks by that file.
import { readdirSync, writeFileSync } from "node:fs";

const folder = new URL("../", import.meta.url);
const described = {};
for (const file of readdirSync(folder).sort()) {
  if (!file.endsWith(".js") || file === "index.js") continue;
  const { inputs } = await import(new URL(file, folder));
  if (!inputs) continue;
  const schemas = Object.entries(inputs).map(([key, { schema }]) => [key, schema]);
  described[file.slice(0, -3)] = Object.fromEntries(schemas);
}
writeFileSync(new URL("inputs.json", import.meta.url), `${JSON.stringify(described, null, 1)}\n`);
