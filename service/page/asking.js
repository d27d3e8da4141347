/** Talks to the service: only the newest question counts, and a service that is away is asked again. */

import { SIDES, address, question } from "./question.js";

const PAUSE_MS = 40;
const LONGEST_PAUSE_MS = 120;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 8000;
const LONGEST_MS = 40_000;
const UNFINISHED = ["queued", "running", "canceling"];

/** An error that the service explains, or an answer that cannot be had for now. */
class Refusal extends Error {
  constructor(message, { fields = {}, away = false, retryAfterMs = 0 } = {}) {
    super(message);
    Object.assign(this, { fields, away, retryAfterMs });
  }
}

/**
 * Makes the function to call whenever the question may have changed.
 *
 * `told(answers)` hears of the newest question only: for each side `{job}` or `{error}`.
 */
export function asker(current, told) {
  let timer = 0;
  let waitingSince = 0;
  let retryMs = FIRST_RETRY_MS;
  let running = new AbortController();

  /** Wait for a pause in the changes, but not for longer than it takes to look stuck. */
  function ask() {
    const now = performance.now();
    if (!timer) waitingSince = now;
    clearTimeout(timer);
    timer = setTimeout(send, Math.max(0, Math.min(PAUSE_MS, waitingSince + LONGEST_PAUSE_MS - now)));
  }

  async function send() {
    clearTimeout(timer);
    timer = 0;
    running.abort();
    running = new AbortController();
    const { signal } = running;
    const state = current();
    const answers = await Promise.all(SIDES.map((side) => answer(state, side, signal)));
    if (signal.aborted) return;
    told(Object.fromEntries(SIDES.map((side, i) => [side, answers[i]])));
    again(answers.map(({ error }) => error).filter((error) => error?.away));
  }

  function again(away) {
    if (!away.length) {
      retryMs = FIRST_RETRY_MS;
      return;
    }
    if (!timer) timer = setTimeout(send, Math.max(retryMs, ...away.map((error) => error.retryAfterMs)));
    retryMs = Math.min(2 * retryMs, LONGEST_RETRY_MS);
  }

  window.addEventListener("online", ask);
  return ask;
}

async function answer(state, side, signal) {
  try {
    return { job: await ended(await post(state, side, signal), signal) };
  } catch (error) {
    if (error instanceof Refusal) return { error };
    return { error: new Refusal("The service does not answer. Trying again …", { away: true }) };
  }
}

/** Neither outlives its question, nor a service that has gone silent. */
function limited(signal) {
  return AbortSignal.any([signal, AbortSignal.timeout(LONGEST_MS)]);
}

async function post(state, side, signal) {
  const headers = { "Content-Type": "application/json", Prefer: "wait=20" };
  const body = JSON.stringify(question(state, side));
  return read(await fetch(address(state), { method: "POST", headers, body, signal: limited(signal) }));
}

/** Large problems are queued, and take their time. */
async function ended(job, signal) {
  let found = job;
  while (UNFINISHED.includes(found.state)) {
    found = await read(await fetch(`v1/jobs/${found.id}`, { headers: { Prefer: "wait=20" }, signal: limited(signal) }));
  }
  if (!found.result) throw new Refusal(found.error?.detail ?? `The job was ${found.state}.`);
  return found;
}

async function read(response) {
  const type = response.headers.get("Content-Type") ?? "";
  if (!type.includes("json")) throw new Refusal(`The service answers ${response.status}. Trying again …`, { away: true });
  const fields = await response.json();
  if (response.ok) return fields;
  const away = response.status === 429 || response.status >= 502;
  const retryAfterMs = 1000 * Number(response.headers.get("Retry-After") ?? 0);
  throw new Refusal(fields.detail ?? fields.title ?? `Status ${response.status}`, { fields, away, retryAfterMs });
}
