import type { Rule, Selector, ServiceUse } from "../../api/types";
import { local } from "../../ui/since";
import { Whole } from "../../ui/text";
import { sentence } from "../sentences";
import { FaultsAt, useWrong } from "./context";
import { replaced, tidy, without } from "./model";
import { SelectorFields } from "./selector_fields";
import { ServiceFields } from "./service_fields";

interface Props {
  place: string;
  rule: Rule;
  scopes: Record<string, string>[] | undefined;
  change: (rule: Rule) => void;
}

export function RuleFields({ place, rule, scopes, change }: Props) {
  return (
    <>
      <div class="form-grid">
        <Name place={`${place}/name`} rule={rule} change={change} />
        <label class="field stacked">
          <span>Action</span>
          <select
            value={rule.action}
            onChange={(event) => {
              const action = event.currentTarget.value as Rule["action"];
              change(tidy({ ...rule, action, expires: action === "allow" ? rule.expires : undefined }));
            }}
          >
            <option value="allow">may (allow)</option>
            <option value="deny">may not (deny)</option>
            <option value="override-deny">may never (override-deny)</option>
          </select>
        </label>
        {(scopes?.length || rule.scope === "extra") && (
          <label class="field stacked">
            <span>Scope holds for</span>
            <select
              value={rule.scope ?? "intra"}
              onChange={(event) =>
                change(tidy({ ...rule, scope: event.currentTarget.value === "extra" ? ("extra" as const) : undefined }))
              }
            >
              <option value="intra">both ends</option>
              <option value="extra">the destination only</option>
            </select>
          </label>
        )}
        {rule.action === "allow" && (
          <label class="field stacked">
            <span>Ends by itself</span>
            <input
              type="datetime-local"
              step="1"
              value={local(rule.expires ?? "")}
              onInput={(event) => change(tidy({ ...rule, expires: instantOf(event.currentTarget.value) }))}
            />
          </label>
        )}
      </div>
      {(["action", "scope", "expires"] as const).map((field) => (
        <FaultsAt key={field} place={`${place}/${field}`} />
      ))}
      <Selectors
        title="From"
        end="source"
        place={`${place}/from`}
        list={rule.from}
        change={(from) => change({ ...rule, from })}
      />
      <Selectors
        title="To"
        end="destination"
        place={`${place}/to`}
        list={rule.to}
        change={(to) => change({ ...rule, to })}
      />
      <Services place={`${place}/services`} list={rule.services} change={(services) => change({ ...rule, services })} />
      <FaultsAt place={place} />
    </>
  );
}

export function Said({ rule, scopes }: Pick<Props, "rule" | "scopes">) {
  return (
    <p class="said">
      <Whole value={sentence(rule, scopes)} />
    </p>
  );
}

const instantOf = (text: string) => {
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString().replace(".000Z", "Z");
};

function Name({ place, rule, change }: Pick<Props, "place" | "rule" | "change">) {
  const wrong = useWrong(place);
  return (
    <div>
      <label class="field stacked">
        <span>Name</span>
        <input
          value={rule.name}
          spellcheck={false}
          aria-invalid={wrong ? "true" : undefined}
          onInput={(event) => change({ ...rule, name: event.currentTarget.value })}
        />
      </label>
      <FaultsAt place={place} />
    </div>
  );
}

interface SelectorsProps {
  title: string;
  end: "source" | "destination";
  place: string;
  list: Selector[];
  change: (list: Selector[]) => void;
}

function Selectors({ title, end, place, list, change }: SelectorsProps) {
  return (
    <fieldset class="editor-list">
      <legend>{title}</legend>
      {list.map((one, at) => (
        <SelectorFields
          key={at}
          label={`${title} ${at + 1}`}
          end={end}
          place={`${place}/${at}`}
          value={one}
          change={(next) => change(replaced(list, at, next))}
          remove={() => change(without(list, at))}
        />
      ))}
      <button type="button" class="small" onClick={() => change([...list, {}])}>
        + {list.length ? "or" : "add"} {end}
      </button>
      <FaultsAt place={place} />
    </fieldset>
  );
}

function Services({
  place,
  list,
  change,
}: {
  place: string;
  list: ServiceUse[];
  change: (list: ServiceUse[]) => void;
}) {
  return (
    <fieldset class="editor-list">
      <legend>Services</legend>
      {list.map((one, at) => (
        <ServiceFields
          key={at}
          label={`Service ${at + 1}`}
          place={`${place}/${at}`}
          value={one}
          change={(next) => change(replaced(list, at, next))}
          remove={() => change(without(list, at))}
        />
      ))}
      <button type="button" class="small" onClick={() => change([...list, { proto: "tcp", ports: [] }])}>
        + {list.length ? "or" : "add"} service
      </button>
      <FaultsAt place={place} />
    </fieldset>
  );
}
