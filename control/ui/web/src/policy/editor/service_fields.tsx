import type { ServiceUse } from "../../api/types";
import { visible } from "../../text";
import { Combobox } from "../../ui/combobox";
import { useShadow } from "../../ui/use_shadow";
import { FaultsAt, useKnown, useWrong } from "./context";
import { portList, portText, serviceKind, serviceOf, tidy, WITH_PORTS, WITH_TYPES } from "./model";
import { Program } from "./program";

const KINDS: [string, string][] = [
  ["tcp", "TCP"],
  ["udp", "UDP"],
  ["icmp", "ICMP"],
  ["icmpv6", "ICMPv6"],
  ["sctp", "SCTP"],
  ["udplite", "UDP-Lite"],
  ["number", "protocol number"],
  ["any", "any protocol"],
  ["service", "a service object"],
];

interface Props {
  label: string;
  place: string;
  value: ServiceUse;
  change: (value: ServiceUse) => void;
  remove: () => void;
}

export function ServiceFields({ label, place, value, change, remove }: Props) {
  const kind = serviceKind(value);
  const wrong = useWrong(place);
  return (
    <div class={wrong ? "editor-part wrong-part" : "editor-part"} role="group" aria-label={label}>
      <div class="editor-row">
        <select
          aria-label={`${label}: protocol`}
          value={kind}
          onChange={(event) => change(serviceOf(event.currentTarget.value, value))}
        >
          {KINDS.map(([one, words]) => (
            <option key={one} value={one}>
              {words}
            </option>
          ))}
          {!KINDS.some(([one]) => one === kind) && <option value={kind}>{visible(kind)}</option>}
        </select>
        <What label={label} kind={kind} value={value} change={change} />
        <button type="button" class="plain part-remove" aria-label={`${label}: remove`} onClick={remove}>
          ✕
        </button>
      </div>
      <Program
        end="destination"
        label={`${label}, program`}
        value={value.process}
        change={(process) => change(tidy({ ...value, process }))}
      />
      <FaultsAt place={place} />
    </div>
  );
}

function What({ label, kind, value, change }: Pick<Props, "label" | "value" | "change"> & { kind: string }) {
  const known = useKnown();
  if (kind === "service")
    return (
      <Combobox
        label={`${label}: service`}
        value={value.service ?? ""}
        change={(service) => change({ ...value, service })}
        options={known.services}
      />
    );
  if (kind === "number")
    return (
      <input
        type="number"
        min="0"
        max="255"
        aria-label={`${label}: protocol number`}
        value={String(value.proto ?? "")}
        onInput={(event) => change({ ...value, proto: Number(event.currentTarget.value) })}
      />
    );
  if (WITH_PORTS.includes(kind))
    return <Ports label={`${label}: ports`} of="ports" value={value} change={change} protocol={kind} />;
  return WITH_TYPES.includes(kind) ? (
    <Ports label={`${label}: types`} of="types" value={value} change={change} protocol="" />
  ) : null;
}

interface PortsProps {
  label: string;
  of: "ports" | "types";
  protocol: string;
  value: ServiceUse;
  change: (value: ServiceUse) => void;
}

function Ports({ label, of, protocol, value, change }: PortsProps) {
  const known = useKnown();
  const [text, set] = useShadow(value[of], portText, portList, (list) => change({ ...value, [of]: list }));
  return (
    <Combobox
      label={label}
      value={text}
      change={set}
      options={known.ports.get(protocol) ?? []}
      many
      placeholder={of === "ports" ? "all ports, or 443, 8000-8080" : "all types, or 8, 3/4"}
    />
  );
}
