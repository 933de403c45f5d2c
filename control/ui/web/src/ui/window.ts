/** Which rows of a long list are in view, with some around them. */
export function rowsInView(scroll: number, height: number, row: number, total: number, around = 10) {
  const first = Math.max(0, Math.min(total, Math.floor(scroll / row) - around));
  const last = Math.min(total, Math.ceil((scroll + height) / row) + around);
  return { first, last: Math.max(first, last) };
}
