/** The question as commands, to be copied. */

import { curl, python } from "./question.js";

const THANKS_MS = 2000;
const at = (id) => document.getElementById(id);

export function showRequest(state) {
  if (!at("request").open) return; // thousands of points are not written out for nobody
  const side = document.querySelector("input[name=asked-side]:checked").value;
  at("curl").textContent = curl(state, side);
  at("python").textContent = python(state, side);
}

export function listenToCopying(current) {
  at("request").addEventListener("toggle", () => showRequest(current()));
  at("request").addEventListener("change", () => showRequest(current()));
  for (const id of ["curl", "python"]) {
    const button = at(`copy-${id}`);
    button.addEventListener("click", async () => {
      button.textContent = (await copy(at(id))) ? "Copied" : "Press Ctrl+C";
      setTimeout(() => {
        button.textContent = "Copy";
      }, THANKS_MS);
    });
  }
}

/** The clipboard is there for pages that came safely, or from this machine; elsewhere the old way may still do. */
async function copy(place) {
  try {
    await navigator.clipboard.writeText(place.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(place);
    return document.execCommand("copy");
  }
}
