// The part of control/api/openapi.json that the UI reads.

export type Labels = Record<string, string>;
export type Verdict = "allowed" | "would-block" | "unmatched" | "blocked";
export type Mode = "idle" | "visibility" | "selective" | "full";

export interface Fault {
  kind?: string;
  name?: string;
  pointer: string;
  sentence: string;
  warning: boolean;
}

export interface ProcessFacts {
  shown?: string;
  path?: string;
  name?: string;
  unit?: string;
  service?: string;
  container?: string;
  user?: string;
  group?: string;
  sha256?: string;
  unresolved?: string;
}

export interface Party {
  address: string;
  workload?: string;
  labels?: Labels;
  lists?: string[];
  context?: string;
  process?: ProcessFacts;
}

export interface Pair {
  to_destination: number;
  to_source: number;
}

export interface Flow {
  id: string;
  started: string;
  time: string;
  count: number;
  verdict: Verdict;
  reason: string;
  rules: string[];
  policy_version?: number;
  direction: "inbound" | "outbound";
  protocol: string;
  port?: number;
  icmp?: { type: number; code: number };
  source: Party;
  destination: Party;
  subject: string;
  bytes?: Pair;
  packets?: Pair;
  retransmits?: number;
  rtt_us?: number;
  failed?: Failed;
}

/** TCP connections that came to nothing: answered by a reset; by nothing; established and cut. */
export interface Failed {
  refused: number;
  timed_out: number;
  reset: number;
}

export type NodeKind = "workloads" | "unlabelled" | "list" | "network" | "internet";

export interface MapNode {
  id: string;
  kind: NodeKind;
  name: string;
  labels?: Labels;
  workloads?: number;
}

export interface MapEdge {
  id: string;
  source: string;
  destination: string;
  verdict: Verdict;
  count: number;
  bytes?: Pair;
  first: string;
  last: string;
  services: { protocol: string; port?: number }[];
  more_services: number;
  kinds: number;
}

export interface MapAnswer {
  since: string;
  until: string;
  group_by: string[];
  nodes: MapNode[];
  edges: MapEdge[];
  hidden: { nodes: number; edges: number };
  warnings: Fault[];
}

export interface EdgeEnd {
  kind: NodeKind;
  name: string;
  labels?: Labels;
  /** Path. */
  process?: string;
  shown?: string;
  unit?: string;
  container?: string;
  user?: string;
}

export interface EdgeRow {
  source: EdgeEnd;
  destination: EdgeEnd;
  protocol: string;
  port?: number;
  verdict: Verdict;
  source_verdict?: Verdict;
  destination_verdict?: Verdict;
  source_rules?: string[];
  destination_rules?: string[];
  source_reason?: string;
  destination_reason?: string;
  count: number;
  bytes?: Pair;
  packets?: Pair;
  retransmits?: number;
  rtt_us?: number;
  failed?: Failed;
  first: string;
  last: string;
  peers?: number;
}

export type Level = "process" | "service" | "role" | "app";

export interface Evidence {
  /** "SET/RULE" of rule_sets. */
  rule: string;
  connections: number;
  edges: number;
  first_seen: string;
  last: string;
  risks: string[];
}

export interface Proposal {
  since: string;
  until: string;
  level: Level;
  rule_sets: RuleSet[];
  rules: Evidence[];
  yaml: string;
  coverage: { connections: number; allowed_already: number; proposed: number; uncovered: number };
  uncovered: { why: string; edge: EdgeRow }[];
  uncovered_total: number;
  warnings: Fault[];
}

export interface RecordedOpinion {
  verdict: "allowed" | "blocked";
  /** That decided. */
  end: "source" | "destination";
  rule?: string;
  reason?: string;
}

export interface RecordedRow {
  change: "newly-blocked" | "newly-allowed";
  edge: EdgeRow;
  active: RecordedOpinion;
  draft: RecordedOpinion;
  unsure: boolean;
}

export interface RecordedImpact {
  items: RecordedRow[];
  next?: string;
  total: number;
  since: string;
  until: string;
  edges: number;
  totals: { same: number; newly_blocked: number; newly_allowed: number; not_judged: number; unsure: number };
  warnings: Fault[];
}

export interface RuleUse {
  /** "SET/RULE" */
  rule: string;
  hits: number;
  edges: number;
  last?: string;
  findings: string[];
}

export interface Findings {
  since: string;
  until: string;
  rules: RuleUse[];
  policy: string[];
  warnings: Fault[];
}

export interface Edited {
  edits: { kind: string; name: string; outcome: "created" | "changed" | "removed" | "unchanged"; revision: number }[];
  warnings: Fault[];
}

export interface Metadata {
  name: string;
  revision?: number;
  created?: string;
  changed?: string;
}

export interface Workload {
  metadata: Metadata;
  spec: { labels?: Labels; addresses?: string[]; mode?: Mode; managed?: boolean; cgroup?: string; host?: string };
}

export interface Listener {
  protocol: string;
  port: number;
  address: string;
  process: ProcessFacts;
  package?: string;
  subject?: string;
}

export interface HostReport {
  os?: string;
  kernel?: string;
  taken?: string;
  listeners?: Listener[];
}

export interface Agent {
  name: string;
  presence: "silent" | "late" | "online";
  last_heard?: string;
  version: string;
  provisioned: number;
  current: boolean;
  unconfirmed: boolean;
  given_up: boolean;
  revoked?: string;
  refused?: string;
  labels?: Labels;
  mode?: Mode;
  report?: HostReport;
}

export interface Judgement {
  workload: string;
  direction: "inbound" | "outbound";
  peer: string;
  mode: Mode;
  verdict: Verdict | "not judged";
  reason: string;
  rules: string[];
  near: string[];
}

export interface WhyAnswer {
  verdict: Verdict | "not judged";
  sentence: string;
  ends: Judgement[];
}

export type LabelValues = string | string[];

export interface Selector {
  workload?: string;
  list?: string;
  all?: true;
  any?: true;
  group?: string;
  process?: ProcessFacts;
  not?: Selector | Selector[];
  [key: string]: unknown;
}

export interface ServiceUse {
  service?: string;
  proto?: string | number;
  ports?: (string | number)[];
  types?: (string | number)[];
  process?: ProcessFacts;
}

export interface Rule {
  name: string;
  action: "allow" | "deny" | "override-deny";
  scope?: "intra" | "extra";
  from: Selector[];
  to: Selector[];
  services: ServiceUse[];
  expires?: string;
}

export interface RuleSet {
  metadata: Metadata;
  spec: { scopes?: Record<string, string>[]; rules: Rule[] };
}

export interface Difference {
  pointer: string;
  kind: "added" | "removed" | "changed" | "reordered";
  before?: unknown;
  after?: unknown;
}

export interface ObjectChange {
  kind: string;
  name: string;
  outcome: "created" | "changed" | "removed";
  revision?: number;
  differences: Difference[];
}

export interface Diff {
  from: string;
  to: string;
  changes: ObjectChange[];
}

export interface Version {
  number: number;
  time: string;
  actor: string;
  note: string;
  rollback_to?: number;
  changes: number;
  active: boolean;
}

export interface Provisioned {
  version?: number;
  changes: { kind: string; name: string; outcome: string }[];
  pulled_in: { kind: string; name: string }[];
  warnings: Fault[];
  agents: string[];
}

export interface Rollout {
  version: number;
  previous: number;
  phase: "canary" | "waiting" | "confirmed" | "taken_back";
  began: string;
  deadline?: string;
  concerned: number;
  acknowledged: string[];
  refused: string[];
  blocks: number;
  reason?: string;
}

export interface Staging {
  number: number;
  actor: string;
  note?: string;
  since: string;
  agents: { name: string; reported: boolean; refused?: string }[];
}

export interface ImpactRow {
  id: string;
  change: "newly-blocked" | "newly-allowed";
  subject: { workload: string; labels: Labels };
  direction: "inbound" | "outbound";
  peer: { address: string; workload?: string; labels?: Labels[]; lists?: string[] };
  protocol: string;
  port?: number;
  process?: ProcessFacts;
  draft: { reason: string; rules: string[] };
  active: { reason: string; rules: string[] };
  count: number;
  first: string;
  last: string;
}

export interface ImpactAnswer {
  staging: number;
  totals: {
    same: number;
    newly_blocked: number;
    newly_allowed: number;
    omitted: number;
    agents_reporting: number;
    agents_concerned: number;
  };
  items: ImpactRow[];
  next?: string;
  total: number;
}
