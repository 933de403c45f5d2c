// What a field offers for what is typed.

export interface Option {
  value: string;
  hint?: string;
}

const MOST = 30;

/** What begins so first, then what holds it; nothing when it is there already. */
export function offered(options: Option[], typed: string): { items: Option[]; more: number } {
  const wanted = typed.trim().toLowerCase();
  const known = options.filter(({ value }) => value);
  if (!wanted) return { items: known.slice(0, MOST), more: Math.max(0, known.length - MOST) };
  if (known.some(({ value }) => value === typed.trim())) return { items: [], more: 0 };
  const rank = ({ value, hint = "" }: Option) => {
    const at = value.toLowerCase().indexOf(wanted);
    if (at >= 0) return at === 0 ? 0 : 1;
    return hint.toLowerCase().includes(wanted) ? 2 : 3;
  };
  const found = known
    .map((option, at) => ({ option, at, rank: rank(option) }))
    .filter((one) => one.rank < 3)
    .sort((a, b) => a.rank - b.rank || a.at - b.at)
    .map(({ option }) => option);
  return { items: found.slice(0, MOST), more: Math.max(0, found.length - MOST) };
}

export function tokenOf(text: string): string {
  return text.slice(text.lastIndexOf(",") + 1).trim();
}

export function withToken(text: string, token: string): string {
  const head = text.slice(0, text.lastIndexOf(",") + 1);
  return head ? `${head} ${token}` : token;
}
