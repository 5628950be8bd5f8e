/** What an object agent says of one of its devices: the answer to `REPLICATE ?ask=state`. */
export interface DeviceState {
  /** The version of the ring that the agent uses. */
  readonly ringVersion: number;
  readonly totalBytes: number;
  readonly freeBytes: number;
  /** Entries that containers have not confirmed. */
  readonly unannounced: number;
  readonly quarantined: number;
  readonly repair: RepairProgress;
}

/** Times are in milliseconds since 1970, 0 for never. */
export interface RepairProgress {
  /** The present or last pass over the device. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** Partitions that were found to differ from a peer in this pass, and how many of them were compared. */
  readonly differing: number;
  readonly compared: number;
  /** Sent to peers since the start of the agent. */
  readonly objects: number;
  readonly bytes: number;
}
