/** The form: what it shows of the state, and the changes that it asks for. */

import { parse } from "./csv.js";
import { EXAMPLES, random } from "./examples.js";
import { format } from "./numbers.js";
import { MOST_DRAGGED } from "./state.js";

/** Where the service says that something is wrong with a field. */
const POINTERS = {
  skip: "/skip_connection",
  standardise: "/standardise",
  objective: "/objective",
  p: "/p",
  regularisation: "/regularisation",
};

const at = (id) => document.getElementById(id);

/** `page` has `change(patch)`, `replace(patch)` for points that are new as a whole, and what the buttons do. */
export function listenToControls(page) {
  // Not all that choose in a select say "input"; sliders say "change" at the end only.
  for (const type of ["input", "change"]) at("settings").addEventListener(type, ({ target }) => page.change(patchOf(target)));
  at("settings").addEventListener("submit", (event) => event.preventDefault());
  for (const [key, { name }] of Object.entries(EXAMPLES)) at("example").append(new Option(name, key));
  at("example").addEventListener("change", ({ target }) => {
    const { points, settings = {} } = EXAMPLES[target.value] ?? {};
    if (points) page.replace({ task: "interpolate", standardise: false, ...settings, points });
    target.value = "";
  });
  at("random").addEventListener("click", () => page.replace({ points: random() }));
  for (const name of ["add", "remove", "reset"]) at(name).addEventListener("click", page[name]);
  at("zoom-in").addEventListener("click", () => page.zoom(0.8));
  at("zoom-out").addEventListener("click", () => page.zoom(1.25));
  at("zoom-fit").addEventListener("click", page.fit);
  for (const id of ["point-x", "point-y"]) at(id).addEventListener("input", () => movePoint(page));
  listenToFiles(page);
}

function patchOf({ name, type, value, checked }) {
  if (type === "checkbox") return { [name]: checked };
  if (name === "regularisation") return { regularisation: Number((10 ** Number(value)).toPrecision(3)) };
  return { [name]: name === "p" ? Number(value) : value };
}

function movePoint(page) {
  const point = [at("point-x").valueAsNumber, at("point-y").valueAsNumber];
  if (point.every(Number.isFinite)) page.moveSelected(point);
}

export function showControls(state, selected, faulty) {
  for (const radio of document.getElementsByName("task")) radio.checked = radio.value === state.task;
  at("objective").value = state.objective;
  at("p").value = state.p;
  at("p-value").textContent = state.p;
  at("regularisation").value = Math.log10(state.regularisation);
  at("regularisation-value").textContent = format(state.regularisation);
  at("skip").checked = state.skip;
  at("standardise").checked = state.standardise;
  const isFit = state.task === "fit";
  at("objective-field").hidden = isFit;
  at("p-field").hidden = isFit || state.objective !== "lp";
  at("regularisation-field").hidden = !isFit;
  for (const [id, pointer] of Object.entries(POINTERS)) at(id).labels[0].classList.toggle("faulty", faulty.includes(pointer));
  showPoint(state.points, selected);
}

function showPoint(points, selected) {
  const isCrowd = points.length > MOST_DRAGGED;
  for (const [id, index] of [["point-x", 0], ["point-y", 1]]) {
    const input = at(id);
    input.disabled = isCrowd || !points.length;
    if (document.activeElement !== input) input.value = points[selected]?.[index] ?? "";
  }
  at("add").disabled = isCrowd;
  at("remove").disabled = isCrowd || !points.length;
  at("crowded").hidden = !isCrowd;
  at("keys").hidden = isCrowd;
}

function listenToFiles(page) {
  at("file").addEventListener("change", ({ target }) => {
    if (target.files.length) load(target.files[0], page);
    target.value = ""; // the same file again is a change, too
  });
  const isFile = (event) => event.dataTransfer?.types.includes("Files");
  window.addEventListener("dragover", (event) => {
    if (!isFile(event)) return;
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  window.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("dropping");
  });
  window.addEventListener("drop", (event) => {
    document.body.classList.remove("dropping");
    if (!isFile(event)) return;
    event.preventDefault();
    load(event.dataTransfer.files[0], page);
  });
}

async function load(file, page) {
  const said = at("file-said");
  try {
    const points = parse(await file.text());
    page.replace({ points });
    said.textContent = `${file.name}: ${points.length} points.`;
    said.className = "hint";
  } catch (error) {
    said.textContent = `${file.name}: ${error.message}`;
    said.className = "error";
  }
}
