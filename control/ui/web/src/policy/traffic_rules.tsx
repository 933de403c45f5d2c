import { count, plural, time } from "../format";
import { setParams } from "../router";
import { Whole } from "../ui/text";
import type { ProposedRule } from "./proposal";
import { scopeWords, sentence } from "./sentences";

interface Props {
  rules: ProposedRule[];
  /** Names of those that are not ticked; in the address as `without=SET/RULE,…`. */
  without: Set<string>;
}

const leaveOut = (names: string[]) => setParams({ without: names.join(",") });

export function ProposedRules({ rules, without }: Props) {
  const flip = (name: string) => {
    const next = new Set(without);
    if (!next.delete(name)) next.add(name);
    leaveOut([...next]);
  };
  return (
    <section class="card" aria-label="Proposed rules">
      <div class="toolbar">
        <h2>{plural(rules.length, "proposed rule")}</h2>
        <button type="button" onClick={() => leaveOut([])}>
          Tick all
        </button>
        <button type="button" onClick={() => leaveOut(rules.map((one) => one.rule))}>
          Tick none
        </button>
      </div>
      <div class="table-scroll" tabIndex={0} role="region" aria-label="Table of proposed rules">
        <table class="small">
          <thead>
            <tr>
              <th scope="col">
                <span class="hidden">Take it</span>
              </th>
              <th scope="col">Rule</th>
              <th scope="col" class="number">
                Connections
              </th>
              <th scope="col">First seen</th>
              <th scope="col">Last</th>
              <th scope="col">To think about</th>
            </tr>
          </thead>
          <tbody>
            {rules.map((one) => (
              <Row key={one.rule} one={one} on={!without.has(one.rule)} flip={() => flip(one.rule)} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Row({ one, on, flip }: { one: ProposedRule; on: boolean; flip: () => void }) {
  const { set, body } = one;
  return (
    <tr>
      <td>
        <input type="checkbox" checked={on} onChange={flip} aria-label={`Take ${one.rule}`} />
      </td>
      <td>
        <Whole value={sentence(body, set.spec.scopes)} />
        <p class="quiet">
          <Whole value={one.rule} /> · holds in <Whole value={scopeWords(set.spec.scopes)} />
        </p>
      </td>
      <td class="number">{count(one.connections)}</td>
      <td>{time(one.first_seen)}</td>
      <td>{time(one.last)}</td>
      <td>
        {one.risks.length ? (
          <ul class="plain-list">
            {one.risks.map((risk) => (
              <li key={risk}>
                <Whole value={risk} />
              </li>
            ))}
          </ul>
        ) : (
          <span class="quiet">nothing</span>
        )}
      </td>
    </tr>
  );
}
