// One formula a line in, one result a line out, so that a single process serves a whole build.
import { createInterface } from "node:readline";
import katex from "katex";

for await (const line of createInterface({ input: process.stdin })) {
  const { tex, display } = JSON.parse(line);
  let answer;
  try {
    answer = { html: katex.renderToString(tex, { displayMode: display, strict: "ignore" }) };
  } catch (problem) {
    answer = { error: problem.message };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
