/** Numbers as people read them, and the round ones between them. */

/** Four significant digits; whole numbers whole; powers of ten only where zeros would have to be counted. */
export function format(value) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) {
    const [digits, power] = value.toExponential(1).split("e");
    return signed(`${digits}×10${superscript(Number(power))}`);
  }
  return signed(size >= 1e4 ? String(Math.round(value)) : String(Number(value.toPrecision(4))));
}

/** The same with all four digits, for numbers that change while they are looked at. */
export function measured(value) {
  const size = Math.abs(value);
  return Number.isInteger(value) || size < 1e-3 || size >= 1e4 ? format(value) : signed(value.toPrecision(4));
}

/** As short as a tick may be: all ticks of an axis have the same step. */
export function formatTick(value, step) {
  const size = Math.abs(value);
  if (size >= 1e6 || (size > 0 && size < 1e-4)) return signed(value.toExponential(1).replace("e+", "e"));
  return signed(value.toFixed(Math.max(0, -Math.floor(Math.log10(step) + 1e-9))));
}

/** "1 kink", "2 kinks". */
export function counted(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function signed(text) {
  return text.replace(/^-/, "−");
}

function superscript(power) {
  return [...String(power)].map((sign) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(sign)]).join("");
}

/** The largest of 1, 2, 5 times a power of ten that is not above `size`. */
export function roundBelow(size) {
  const power = 10 ** Math.floor(Math.log10(size));
  return power * (size / power >= 5 ? 5 : size / power >= 2 ? 2 : 1);
}

/** The smallest of 1, 2, 5 times a power of ten that is not below `size`. */
function roundAbove(size) {
  const below = roundBelow(size);
  const steps = [1, 2, 2.5].map((factor) => roundBelow(below * factor * (1 + 1e-9)));
  return steps.find((step) => step >= size * (1 - 1e-9)) ?? steps[2];
}

/** `value` on a grid of round numbers, without the dust of binary fractions. */
export function snap(value, step) {
  const places = Math.min(Math.max(0, -Math.floor(Math.log10(step))), 100);
  return Number((Math.round(value / step) * step).toFixed(places)) + 0;
}

/** Round numbers from `low` to `high`, at most about `count` of them. */
export function ticks(low, high, count) {
  const step = roundAbove((high - low) / count);
  const first = Math.ceil(low / step);
  const many = Math.max(0, Math.min(50, Math.floor(high / step) - first + 1));
  return { step, values: Array.from({ length: many }, (_, i) => (first + i) * step + 0) };
}

/** A map from `[low, high]` to pixels from `start` to `stop`, and back. */
export function scale(low, high, start, stop) {
  const ratio = (stop - start) / (high - low);
  const to = (value) => start + (value - low) * ratio;
  to.back = (pixel) => low + (pixel - start) / ratio;
  to.low = low;
  to.high = high;
  return to;
}
