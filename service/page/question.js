/** What is asked of the service, and the same question in words that others can send. */

export const SIDES = ["penalised", "free"];

/** Where a question goes. Relative: the service may live below another address. */
export function address(state) {
  return state.task === "fit" ? "v1/regressions" : "v1/interpolations";
}

export function question(state, side) {
  const asked = {
    x: state.points.map((point) => point[0]),
    y: state.points.map((point) => point[1]),
    penalise_biases: side === "penalised",
    skip_connection: state.skip,
  };
  if (state.standardise) asked.standardise = true;
  if (state.task === "fit") return { ...asked, regularisation: state.regularisation };
  if (state.objective !== "norm") asked.objective = state.objective;
  if (state.objective === "lp") asked.p = state.p;
  return asked;
}

/** JSON holds no quote that a shell would see: numbers and known words only. */
export function curl(state, side) {
  const body = JSON.stringify(question(state, side));
  return [
    `curl -s ${new URL(address(state), document.baseURI).href} \\`,
    "  -H 'Content-Type: application/json' -H 'Prefer: wait=60' \\",
    `  -d '${body}'`,
  ].join("\n");
}

export function python(state, side) {
  const fields = Object.entries(question(state, side)).map(([name, value]) => `    "${name}": ${literal(value)},`);
  return [
    "import httpx",
    "",
    "question = {",
    ...fields,
    "}",
    "answer = httpx.post(",
    `    "${new URL(address(state), document.baseURI).href}",`,
    '    json=question, headers={"Prefer": "wait=60"}, timeout=90,',
    ")",
    'result = answer.raise_for_status().json()["result"]',
    'print("norm", result["norm"])',
    'print("kinks", *result["function"]["kinks"])',
  ].join("\n");
}

function literal(value) {
  if (typeof value === "boolean") return value ? "True" : "False";
  return Array.isArray(value) ? `[${value.join(", ")}]` : JSON.stringify(value);
}
