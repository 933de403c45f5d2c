// The same name lies at the same place, today and tomorrow.

/** FNV-1a, finished so that similar names part. */
export function hash(text: string): number {
  let out = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) out = Math.imul(out ^ text.charCodeAt(at), 0x01000193);
  out = Math.imul(out ^ (out >>> 16), 0x45d9f3b);
  return (out ^ (out >>> 15)) >>> 0;
}

export interface Point {
  x: number;
  y: number;
}

/** A place in a disc of this radius. */
export function seeded(id: string, radius: number): Point {
  const angle = (hash(id) / 2 ** 32) * 2 * Math.PI;
  const far = Math.sqrt(hash(`${id}\u0000r`) / 2 ** 32) * radius;
  return { x: Math.cos(angle) * far, y: Math.sin(angle) * far };
}
