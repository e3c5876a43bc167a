// A question works without this: each choice unfolds its feedback. Here the verdict is spoken as well.
export function upgrade(host) {
  host.insertAdjacentHTML("beforeend", '<p class="ex-status" role="status"></p>');
  const status = host.querySelector(".ex-status");
  for (const answer of host.querySelectorAll("details")) {
    answer.addEventListener("toggle", () => {
      if (answer.open) status.textContent = answer.querySelector("p").textContent;
    });
  }
}
