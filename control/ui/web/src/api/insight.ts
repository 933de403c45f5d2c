// What the controller finds out by itself: activity, compiled rules, suggestions, exposure.
import type { Fault, Labels, Mode } from "./types";

export interface ActivityBucket {
  from: string;
  allowed: number;
  unmatched: number;
  would_block: number;
  blocked: number;
}

export interface Activity {
  since: string;
  until: string;
  buckets: ActivityBucket[];
  warnings?: Fault[];
}

/** A rule as one workload gets it. */
export interface CompiledRule {
  /** "SET/RULE" */
  rule: string;
  action: "allow" | "deny" | "override-deny";
  peers: { words: string; workloads: number };
  services: string[];
  /** Here, and at the other end; empty: any. */
  processes: string[];
  peer_processes: string[];
  expires?: string;
  words: string;
}

export interface WorkloadRules {
  workload: string;
  mode: Mode;
  version: number;
  inbound: CompiledRule[];
  outbound: CompiledRule[];
  otherwise: { inbound: string; outbound: string };
}

export interface Suggestion {
  workload: string;
  kind: "unlabelled" | "mislabelled";
  labels: Labels;
  /** Only what to set or to change. */
  suggested: Labels;
  /** 0 to 1. */
  score: number;
  like: number;
  evidence: string[];
}

export interface Suggestions {
  items: Suggestion[];
  considered: number;
  hidden?: number;
}

/** Pairs of a peer and a listening port of a workload. */
export interface Reach {
  workloads: number;
  ports: number;
  open: number;
  now: number;
  enforced: number;
}

export interface Exposure {
  version: number | "draft";
  items: (Reach & { app: string })[];
  total: Reach;
  unknown: number;
}
