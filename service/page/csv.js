/** Points from a text file: two columns, any usual separator, with or without a header. */

import { MOST_POINTS } from "./state.js";

/** The points of a file. Throws an error whose message names the line that is wrong. */
export function parse(text) {
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/).map((content, i) => ({ content: content.trim(), number: i + 1 }));
  const rows = lines.filter(({ content }) => content && !content.startsWith("#"));
  if (!rows.length) throw new Error("The file is empty.");
  const split = splitter(rows);
  const isHeader = split(rows[0].content).every((field) => Number.isNaN(number(field, split.decimalComma)));
  const points = rows.slice(isHeader ? 1 : 0).map((row) => point(row, split));
  if (points.length < 2) throw new Error("The file has fewer than two points.");
  if (points.length > MOST_POINTS) {
    throw new Error(`The file has ${points.length} points; this page draws at most ${MOST_POINTS}. The service itself takes more.`);
  }
  return points;
}

/** Semicolons and tabs leave the comma to the decimals; commas do not; blanks are the last resort. */
function splitter(rows) {
  const sample = rows[Math.min(1, rows.length - 1)].content;
  const separator = [";", "\t", ","].find((sign) => sample.includes(sign)) ?? /\s+/;
  const split = (content) => content.split(separator).map((field) => field.trim().replace(/^"(.*)"$/, "$1").trim());
  split.decimalComma = separator !== ",";
  return split;
}

function point({ content, number: line }, split) {
  const fields = split(content);
  if (fields.length < 2) throw new Error(`Line ${line}: two columns are needed, x and y; there is one.`);
  return fields.slice(0, 2).map((field) => {
    const value = number(field, split.decimalComma);
    if (!Number.isFinite(value)) throw new Error(`Line ${line}: ${field ? `“${field.slice(0, 40)}”` : "nothing"} is not a number.`);
    return value;
  });
}

function number(field, decimalComma) {
  const plain = decimalComma ? field.replace(",", ".") : field;
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(plain) ? Number(plain) : NaN;
}
