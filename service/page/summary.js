/** The numbers of both answers, what went wrong, and all of it in a sentence for those who listen. */

import { counted, format, measured } from "./numbers.js";
import { SIDES } from "./question.js";

const SPEAK_AFTER_MS = 700;
const ROWS = {
  norm: ({ result }) => result.norm,
  value: ({ result, task }) => task === "fit" ? result.objective : result.objective_value,
  loss: ({ result }) => result.loss,
  kinks: ({ result }) => result.kink_count,
  among: ({ result }) => result.is_unique ? result.kink_count : result.solution_set?.sparsest_kink_count,
  fewest: ({ result }) => result.fewest_kinks,
  unique: (good) => unique(good),
  proved: ({ job }) => job.outcome === "optimal" ? "yes" : "not quite",
};

export function showNumbers({ good, errors, state }) {
  for (const side of SIDES) {
    for (const [row, read] of Object.entries(ROWS)) fill(`${side}-${row}`, good[side] && read(good[side]));
  }
  const isSame = errors.penalised?.message === errors.free?.message;
  showError("penalised", errors.penalised, isSame ? "" : "Penalised biases: ");
  showError("free", isSame ? undefined : errors.free, "Free biases: ");
  const isFit = state.task === "fit";
  show("row-among", !isFit && state.objective === "norm");
  show("row-fewest", !isFit);
  show("row-unique", !isFit);
  show("row-loss", isFit);
  show("row-value", isFit || state.objective === "lp");
  document.getElementById("name-value").textContent = isFit ? "Objective" : "Sum of powers";
}

/** The cell shows some digits, and all of them to those who point at it. */
function fill(id, value) {
  const cell = document.getElementById(id);
  cell.textContent = typeof value === "number" ? measured(value) : (value ?? "–");
  if (typeof value === "number") cell.title = String(value);
  else cell.removeAttribute("title");
}

function unique({ result }) {
  if (result.is_unique === undefined) return null;
  if (result.is_unique) return "yes";
  return result.solution_set ? "no" : "not known";
}

function showError(side, error, start) {
  const place = document.getElementById(`${side}-error`);
  place.hidden = !error;
  if (!error) return;
  const { type } = error.fields;
  const about = document.createElement("a");
  about.href = typeof type === "string" && type.startsWith("/problems/") ? type.slice(1) : "docs";
  about.textContent = "What this means";
  const where = error.fields.errors?.some(({ pointer }) => /^\/[xy]\/\d+$/.test(pointer)) ? "The point is marked. " : "";
  place.replaceChildren(`${start}${error.message} ${where}`, ...(type ? [about] : []));
}

function show(id, isShown) {
  document.getElementById(id).hidden = !isShown;
}

/** What a listener is told; errors speak for themselves. */
export function sentence({ good, errors }) {
  const parts = SIDES.map((side) => {
    if (errors[side] || !good[side]) return "";
    const { result } = good[side];
    const many = result.is_unique === false && result.solution_set ? ", one of many" : "";
    return `${side}: norm ${format(result.norm)}, ${counted(result.kink_count, "kink")}${many}`;
  });
  const said = parts.filter(Boolean).join("; ");
  return said.charAt(0).toUpperCase() + said.slice(1);
}

/** Speaks when the numbers have come to rest, not at each step of a drag. */
export function speaker(place) {
  let timer = 0;
  return (text) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (place.textContent !== text) place.textContent = text;
    }, SPEAK_AFTER_MS);
  };
}
