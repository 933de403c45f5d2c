// localStorage that may be full, forbidden or spoiled.

export function load<T>(key: string, otherwise: T, storage: Storage = localStorage): T {
  try {
    const text = storage.getItem(`ringwall.${key}`);
    return text === null ? otherwise : (JSON.parse(text) as T);
  } catch {
    return otherwise;
  }
}

export function save(key: string, value: unknown, storage: Storage = localStorage): void {
  try {
    if (value === undefined) storage.removeItem(`ringwall.${key}`);
    else storage.setItem(`ringwall.${key}`, JSON.stringify(value));
  } catch {
    // What cannot be kept is lost with the page; nothing else depends on it.
  }
}
