/** What lies on hosts, against what the rows of a restored database say: by what hosts reported while it is held. */

/** Something of one kind on one host. */
export interface OnHost {
  readonly kind: string;
  readonly id: string;
  readonly host: string;
  /** The row may be of something that was never made, or is being removed. */
  readonly mayLack?: boolean;
}

export interface Comparison {
  /** On a host, and not in the rows. */
  readonly unknown: readonly OnHost[];
  /** In the rows, and not on the host that they name. */
  readonly missing: readonly OnHost[];
  /** Hosts that rows name, and that have not reported since the restore. */
  readonly silent: readonly string[];
}

/** `wanted` has the rows; `found` what each host that has reported has, in all kinds that it reports. */
export function compareHosts(wanted: readonly OnHost[], found: ReadonlyMap<string, readonly OnHost[]>): Comparison {
  const keyOf = ({ kind, id, host }: OnHost) => `${kind} ${id} ${host}`;
  const known = new Set(wanted.map(keyOf));
  const present = new Set([...found.values()].flat().map(keyOf));
  const silent = new Set(wanted.map(({ host }) => host).filter((host) => !found.has(host)));
  return {
    unknown: [...found.values()].flat().filter((each) => !known.has(keyOf(each))),
    missing: wanted.filter((each) => !each.mayLack && found.has(each.host) && !present.has(keyOf(each))),
    silent: [...silent],
  };
}
