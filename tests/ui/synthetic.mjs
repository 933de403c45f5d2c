// A map as large as one gets, the same each time: apps of ten roles each, so that it has hulls as well.

function random(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const VERDICTS = ["allowed", "allowed", "allowed", "would-block", "blocked", "unmatched"];

export function largeMap(nodes, edges) {
  const next = random(7);
  const pick = (list) => list[Math.floor(next() * list.length)];
  const made = Array.from({ length: nodes }, (_, at) => ({
    id: `app=App ${at % 200},role=Role ${Math.floor(at / 200)}`,
    kind: at % 40 === 0 ? "network" : "workloads",
    name: at % 40 === 0 ? `10.${at % 250}.0.0/16` : `App ${at % 200}, Role ${Math.floor(at / 200)}`,
    labels: at % 40 === 0 ? undefined : { app: `App ${at % 200}`, role: `Role ${Math.floor(at / 200)}` },
    workloads: 1 + Math.floor(next() ** 4 * 400),
  }));
  const now = new Date().toISOString();
  const used = new Set();
  const drawn = [];
  while (drawn.length < edges) {
    const source = Math.floor(next() * nodes);
    const destination = Math.floor(next() ** 2 * nodes);
    const verdict = pick(VERDICTS);
    const id = `${source} ${destination} ${verdict}`;
    if (used.has(id)) continue;
    used.add(id);
    drawn.push({
      id,
      source: made[source].id,
      destination: made[destination].id,
      verdict,
      count: 1 + Math.floor(next() * 5000),
      bytes: { to_destination: 1000, to_source: 5000 },
      first: now,
      last: now,
      services: [{ protocol: "tcp", port: 443 }],
      more_services: 0,
      kinds: 1,
    });
  }
  return {
    since: now,
    until: now,
    group_by: ["app", "role"],
    nodes: made,
    edges: drawn,
    hidden: { nodes: 12, edges: 340 },
    warnings: [],
  };
}
