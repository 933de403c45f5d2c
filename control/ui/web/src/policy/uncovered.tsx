import type { EdgeEnd, Proposal } from "../api/types";
import { count, plural, service, time } from "../format";
import { Text, Whole } from "../ui/text";

/** What no rule is proposed for, and why. */
export function Uncovered({ proposal: { uncovered, uncovered_total: total } }: { proposal: Proposal }) {
  if (!uncovered.length) return null;
  return (
    <section class="card" aria-label="Without a rule">
      <h2>{plural(total, "kind of connection", "kinds of connection")} without a rule</h2>
      <div class="table-scroll limited" tabIndex={0} role="region" aria-label="Table of connections without a rule">
        <table class="small">
          <thead>
            <tr>
              <th scope="col">Source</th>
              <th scope="col">Destination</th>
              <th scope="col">Service</th>
              <th scope="col" class="number">
                Count
              </th>
              <th scope="col">Last</th>
              <th scope="col">Why there is none</th>
            </tr>
          </thead>
          <tbody>
            {uncovered.map(({ why, edge }, at) => (
              <tr key={at}>
                <td>
                  <EndName end={edge.source} />
                </td>
                <td>
                  <EndName end={edge.destination} />
                </td>
                <td>{service(edge.protocol, edge.port)}</td>
                <td class="number">{count(edge.count)}</td>
                <td>{time(edge.last)}</td>
                <td>
                  <Whole value={why} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {total > uncovered.length && <p class="quiet">The first {count(uncovered.length)} are shown.</p>}
    </section>
  );
}

/** Who an end is, with its program. */
export function EndName({ end }: { end: EdgeEnd }) {
  const program = end.shown ?? end.process;
  return (
    <>
      <Text value={end.name} max={60} />
      {program && (
        <p class="quiet">
          <Text value={program} max={60} />
        </p>
      )}
    </>
  );
}
